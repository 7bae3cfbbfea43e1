# SPDX-License-Identifier: Apache-2.0
"""From recordings to a model that nobody made settings for."""

from dataclasses import asdict, replace
import json
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.plan import Plan
from lstm_dynamics_ros.learning.selection.settings import Choosing
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.workflows.choose import read_plan
from lstm_dynamics_ros.workflows.inspect import card_text
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.train import train
import numpy as np
import pytest

CHOOSING = Choosing(budget=0.01)
"""No time: the smallest network alone, for as few updates as there are."""

ALONE = EngineOptions(workers=1)


def swings(seed: int, *, missing: tuple[str, ...] = (), steps: int = 1000) -> Recording:
    """Return two pendulums that swing at random, at 100 Hz."""
    random = np.random.default_rng(seed)
    time = np.arange(steps) / 100
    rate, phase = random.uniform(1, 6, (2, 3, 2))
    angle = rate * time[:, None, None] + phase
    position = (0.3 * np.sin(angle)).sum(1)
    velocity = (0.3 * rate * np.cos(angle)).sum(1)
    effort = 3 * np.sin(position) + 0.5 * velocity + 0.8 * np.tanh(velocity / 0.05)
    effort += (-0.3 * rate**2 * np.sin(angle)).sum(1) + random.normal(0, 0.02, effort.shape)
    signals = {'position': position, 'velocity': velocity, 'effort': effort}
    signals |= {kind: np.full_like(position, np.nan) for kind in missing}
    return Recording(
        name=f'run{seed}',
        joint_names=('joint1', 'joint2'),
        joint_types=('revolute', 'revolute'),
        stamp_ns=np.round(time * NANOSECONDS).astype(np.int64) + NANOSECONDS,
        **signals,
    )


def test_a_model_comes_with_the_table_of_what_was_tried(tmp_path: Path) -> None:
    runs = [swings(seed) for seed in range(4)]
    out = tmp_path / 'm.onnx'
    base = InverseSettings(dt=0.0, ripple_limit=0)
    train(runs, out, base, choose=CHOOSING, workers=ALONE, folder=tmp_path / 'run')
    card = load_model(out).card
    choice = card.provenance['choice']
    titles = [row['title'] for row in choice['candidates']]
    assert any(title.startswith('linear, ') for title in titles)
    # Which network is the fastest, and the only one there is time for, is the machine's affair.
    assert any(title.split()[0] in {'gru', 'lstm', 'memoryless'} for title in titles)
    assert sum(row['chosen'] for row in choice['candidates']) == 1
    assert choice['why'] in card_text(card)
    assert card.errors['0']['effort']['model'][0] < 0.2
    plan = read_plan(tmp_path / 'run' / 'plan.json')
    again = train(
        runs,
        tmp_path / 'again.onnx',
        base,
        choose=replace(CHOOSING, budget=9.0, plan=tmp_path / 'run' / 'plan.json'),
        workers=ALONE,
        folder=tmp_path / 'again',
    )
    assert again.card.errors == card.errors
    assert read_plan(tmp_path / 'again' / 'plan.json') == plan


def test_a_robot_without_velocity_and_effort_gets_a_model_of_its_positions(
    tmp_path: Path,
) -> None:
    runs = [swings(seed, missing=('velocity', 'effort'), steps=500) for seed in range(3)]
    out, folder = tmp_path / 'm.onnx', tmp_path / 'run'
    card = train(runs, out, choose=CHOOSING, workers=ALONE, folder=folder, force=True).card
    assert card.velocity_source == 'derived'
    assert {signal.kind for signal in card.features} == {'position', 'velocity'}


def test_a_family_without_candidates_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'nothing to choose from .* --budget 0'):
        train(
            [swings(0)],
            tmp_path / 'm.onnx',
            ControlSettings(dt=0.01),
            choose=CHOOSING,
            workers=ALONE,
        )


def test_one_short_recording_gets_a_linear_model_and_how_much_a_network_takes(
    tmp_path: Path,
) -> None:
    slow = replace(swings(0, steps=250), stamp_ns=np.arange(1, 251) * (NANOSECONDS // 50))
    out, folder = tmp_path / 'm.onnx', tmp_path / 'run'
    card = train([slow], out, choose=CHOOSING, folder=folder, force=True).card
    assert card.cell == 'none'
    why = card.provenance['choice']['why']
    assert 'too little data for a network. 5 s are here; the smallest takes' in why
    assert 'one motion only' in why


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    for out, what in ((tmp_path, 'is a folder'), (tmp_path / 'file' / 'm.onnx', 'be written')):
        with pytest.raises(ConfigError, match=what):
            train([swings(0)], out, choose=CHOOSING)


@pytest.mark.parametrize(
    ('change', 'what'),
    [({'hidden_size': -16}, 'hidden_size'), ({'folds': 1}, 'folds'), ({'cells': ['x']}, "'x'")],
)
def test_a_plan_with_impossible_values_is_refused(
    tmp_path: Path, change: dict[str, object], what: str
) -> None:
    plan = Plan(
        budget=1.0,
        workers=1,
        folds=3,
        trial_folds=2,
        cells=('gru',),
        hidden_size=16,
        head_size=0,
        burn_in_steps=40,
        window_steps=100,
        updates_per_epoch=4,
        epochs=8,
        seed=0,
    )
    path = tmp_path / 'plan.json'
    path.write_text(json.dumps(asdict(plan)))
    assert read_plan(path) == plan
    path.write_text(json.dumps(asdict(plan) | change))
    with pytest.raises(LstmDynamicsError, match=what):
        read_plan(path)


@pytest.mark.parametrize('text', [None, '{', '{"budget": 5}'])
def test_a_plan_that_cannot_be_read_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / 'plan.json'
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r'The plan .*plan\.json'):
        read_plan(path)


def test_more_recordings_are_another_choice_in_the_same_folder(tmp_path: Path) -> None:
    base, folder = InverseSettings(dt=0.0, ripple_limit=0), tmp_path / 'run'
    for count in (2, 3):
        runs = [swings(seed, steps=400) for seed in range(count)]
        train(runs, tmp_path / 'm.onnx', base, choose=CHOOSING, workers=ALONE, folder=folder)
    assert len(list(folder.glob('trials_*'))) == 2
