# SPDX-License-Identifier: Apache-2.0
"""Tests for state_input.py: what a person reads, and that glitches stay out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.runtime.model_file import load_model
import pytest

NAN = float('nan')


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx')).card


def sample(k: int, *, period_ms: int = 5, **change: Any) -> RawSample:  # noqa: ANN401
    whole = RawSample(
        k * period_ms * 1_000_000, ('joint1', 'joint2'), (0.1, 0.2), (0.0, 0.0), (1.0, 1.0)
    )
    return whole._replace(**change)


def waiting_for(card: ModelCard, settings: PipelineSettings | None = None, **change: Any) -> str:  # noqa: ANN401
    state_input = StateInput(card, settings or PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, **change))
    return state_input.waiting_for()


def test_before_the_first_message_it_says_so(card: ModelCard) -> None:
    assert StateInput(card, PipelineSettings()).waiting_for() == 'No joint state has come yet.'


def test_with_good_messages_there_is_nothing_to_say(card: ModelCard) -> None:
    assert waiting_for(card) == ''


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'names': ('arm_joint1', 'arm_joint2')}, 'joint1 -> arm_joint1?'),
        ({'effort': ()}, 'needs effort'),
        ({'effort': (NAN, NAN)}, 'needs effort'),
        ({'velocity': ()}, 'derive_velocity'),
        ({'position': (NAN, 0.0)}, 'without finite positions'),
        ({'position': (1.0,)}, 'wrong length'),
        ({'names': ('joint1', 'joint1')}, "Expected ['joint1', 'joint2']"),
        (
            {'names': ('joint1',), 'position': (1.0,), 'velocity': (0.0,), 'effort': (0.0,)},
            "Expected ['joint1', 'joint2'], got ['joint1']",
        ),
    ],
)
def test_it_says_why_no_message_can_be_used(
    card: ModelCard, change: dict[str, Any], words: str
) -> None:
    assert words in waiting_for(card, **change)


def test_it_says_so_too_when_messages_turn_bad_later(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, effort=(1.0, 1.0) if k < 30 else ()))
    assert 'needs effort' in state_input.waiting_for()


def test_velocity_can_be_derived(card: ModelCard) -> None:
    assert waiting_for(card, PipelineSettings(derive_velocity=True), velocity=()) == ''


def test_a_model_trained_on_derived_velocity_gets_it_without_asking(card: ModelCard) -> None:
    assert waiting_for(replace(card, velocity_source='derived'), velocity=()) == ''


def test_messages_that_come_too_slowly_are_named_with_both_periods(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, period_ms=10))
    assert state_input.too_slow() == (
        'Joint states come every 10 ms, but the model needs them every 5 ms.'
    )
    assert state_input.message_period == pytest.approx(0.01)


def test_a_glitch_is_bridged_by_the_grid(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    points = []
    for k in range(20):
        points += state_input.place(sample(k, position=(0.1, 3.0 if k == 10 else 0.2)))
    assert [point.index for point in points] == list(range(20))
    assert not any(point.restarted for point in points[1:])
    assert max(point.state.position[1] for point in points) == pytest.approx(0.2)
    assert state_input.counters['jump_dropped'] == 1


def test_a_jump_that_stays_starts_over(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings(jump_patience=3))
    points = []
    for k in range(30):
        points += state_input.place(sample(k, position=(0.1, 3.0 if k >= 10 else 0.2)))
    assert [point.index for point in points if point.restarted] == [0, 13]
    assert state_input.counters['jump_believed'] == 1
