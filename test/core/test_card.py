# SPDX-License-Identifier: Apache-2.0
"""Tests for card.py."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import json
from types import ModuleType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.core.card import (
    CardError,
    Golden,
    MADE_FROM,
    ModelCard,
    Range,
    Signal,
    SIGNAL_KINDS,
)
import pytest


def signals(kind: str, joints: tuple[str, ...], delay: int = 0) -> tuple[Signal, ...]:
    return tuple(
        Signal(name=f'{kind}.{j}', kind=kind, joint=j, unit='rad', delay=delay) for j in joints
    )


JOINTS = ('a', 'b')
CARD = ModelCard(
    name='test',
    model_kind='forward',
    cell='lstm',
    num_layers=2,
    hidden_size=16,
    joint_names=JOINTS,
    joint_types=('revolute', 'continuous'),
    features=signals('position', JOINTS) + signals('velocity', JOINTS) + signals('effort', JOINTS),
    targets=signals('position', JOINTS, -1) + signals('velocity', JOINTS, -1),
    dt=0.005,
    dt_tolerance=0.05,
    latency_steps=1,
    washout_steps=40,
    effort_semantics='joint_torque',
    effort_limits=(87.0, None),
    training_ranges={'position.a': Range(minimum=-1.0, maximum=1.0, mean=0.1, std=0.3)},
    errors={'1': {'position': {'model': [1e-4, 2e-4]}}},
    provenance={'bags': ['x'], 'seed': 3},
    golden=Golden(steps=1, observations='', predictions='', final_state='', tolerance=1e-5),
)
VALUES: dict[str, Any] = json.loads(CARD.to_json())


def test_a_card_comes_back_from_json_as_it_was() -> None:
    assert ModelCard.from_json(CARD.to_json()) == CARD


def test_numbers_keep_full_precision() -> None:
    card = replace(CARD, dt=0.1 + 0.2)
    assert ModelCard.from_json(card.to_json()).dt == 0.1 + 0.2


def test_columns_are_found_by_kind() -> None:
    assert CARD.columns('position') == slice(0, 2)
    assert CARD.columns('velocity') == slice(2, 4)
    assert CARD.columns('effort') == slice(4, 6)
    assert CARD.columns('velocity', of='targets') == slice(2, 4)
    assert CARD.columns('effort', of='targets') is None


def test_of_every_kind_of_signal_it_is_known_what_it_is_made_from() -> None:
    assert set(MADE_FROM) == set(SIGNAL_KINDS)
    assert {kind for kind, parts in MADE_FROM.items() if 'effort' in parts} == {
        'effort',
        'disturbance',
    }
    fed = tuple(one for kind in MADE_FROM for one in signals(kind, JOINTS))
    assert replace(CARD, features=fed).made_from('effort') == ('disturbance', 'effort')
    assert replace(CARD, features=signals('prior_effort', JOINTS)).made_from('velocity') == (
        'prior_effort',
    )


def test_the_cell_tells_the_state_tensors() -> None:
    assert CARD.state_names == ('h', 'c')
    assert replace(CARD, cell='gru').state_names == ('h',)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'model_kind': 'sideways'}, 'model_kind must be'),
        ({'effort_semantics': 'force'}, 'effort_semantics must be'),
        ({'joint_names': []}, 'joint_names must be at least one joint'),
        ({'joint_names': ['a', 'a']}, 'joint_names must be unique'),
        ({'joint_types': ['revolute']}, 'joint_types must be 2 entries'),
        ({'joint_types': ['revolute', 'ball']}, 'joint_types must be'),
        ({'dt': 0.0}, 'dt must be a period'),
        ({'dt': float('nan')}, 'dt must be a period'),
        ({'dt': '0.005'}, r'Expected `float`, got `str` - at `\$\.dt`'),
        ({'dt_tolerance': -1.0}, 'dt_tolerance must be >= 0'),
        ({'num_layers': 0}, 'num_layers, hidden_size must be positive'),
        ({'num_layers': 1.5}, r'Expected `int`, got `float` - at `\$\.num_layers`'),
        ({'num_layers': True}, 'Expected `int`, got `bool`'),
        ({'washout_steps': -1}, 'washout_steps must be >= 0'),
        ({'latency_steps': -1}, 'latency_steps must be >= 0'),
        ({'effort_limits': [1.0]}, 'effort_limits must be none or 2 entries'),
        ({'effort_limits': [1.0, -2.0]}, 'effort_limits must be > 0 or null'),
        ({'features': []}, 'features must be at least one'),
        ({'features': VALUES['features'][::-1]}, 'features must be blocks of one kind'),
        ({'features': 3}, 'not laid out as it should be'),
        ({'features': [3]}, r'Expected `object`, got `int` - at `\$\.features\[0\]`'),
        ({'training_ranges': [1]}, 'not laid out as it should be'),
        ({'golden': {}}, r'missing required field `steps` - at `\$\.golden`'),
        ({'colour': 'red'}, r"The card has unknown entries \['colour'\] at `\$`"),
        ({'contract_version': 2}, 'contract_version must be 1, got 2. Export the model again'),
    ],
)
def test_impossible_entries_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        ModelCard.from_json(json.dumps({**VALUES, **change}))


def test_an_unknown_kind_of_signal_is_refused() -> None:
    features = [{**item, 'kind': 'smell'} for item in VALUES['features']]
    with pytest.raises(CardError, match='kind in features must be'):
        ModelCard.from_json(json.dumps({**VALUES, 'features': features}))


@pytest.mark.parametrize('name', ['joint_names', 'dt', 'cell', 'washout_steps', 'golden'])
def test_a_missing_entry_is_named(name: str) -> None:
    values = {key: value for key, value in VALUES.items() if key != name}
    with pytest.raises(CardError, match=f'missing required field `{name}`'):
        ModelCard.from_json(json.dumps(values))


@pytest.mark.parametrize('text', ['', 'x', '{', '[]', '3', 'null', '{}'])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(CardError):
        ModelCard.from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(VALUES)), JSON)
def test_whatever_stands_in_an_entry_only_a_card_error_is_raised(name: str, value: object) -> None:
    with suppress(CardError):
        ModelCard.from_json(json.dumps({**VALUES, name: value}))


def test_made_models_carry_a_sound_card(
    make_model: Callable[..., Any],
    model_factory: ModuleType,
    tmp_path: Any,  # noqa: ANN401
) -> None:
    path = make_model(tmp_path / 'm.onnx')
    properties = {p.key: p.value for p in model_factory.onnx.load(str(path)).metadata_props}
    card = ModelCard.from_json(properties['metadata'])
    assert properties['joint_names'].split(',') == list(card.joint_names)
    assert float(properties['dt']) == card.dt
