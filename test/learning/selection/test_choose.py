# SPDX-License-Identifier: Apache-2.0
"""The choice on robots whose best model is known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.engine import in_this_process
from lstm_dynamics_ros.data.grid_cache import write_segments
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.choose import Choice, Chooser
from lstm_dynamics_ros.learning.selection.plan import Plan
from lstm_dynamics_ros.learning.selection.trials import Data
import numpy as np
import pytest

Make = Callable[..., Segment]

DT = 0.01


def pendulums(
    make_segment: Make, memory: float, *, count: int = 5, steps: int = 1500
) -> list[Segment]:
    """Return a pendulum with a spring that flips over at 0.4 rad on either side, and stays there.

    Without memory the effort is linear in sine of the angle, acceleration and velocity.

    Args:
        make_segment: The fixture.
        memory: Effort of that spring.
        count: Number of motions.
        steps: Length of each.
    """
    random = np.random.default_rng(0)
    runs = []
    for k in range(count):
        t = np.arange(steps) * DT
        q, v, a = (np.zeros(steps) for _ in range(3))
        for rate, phase in random.uniform(0.5, 4.0, (4, 2)):
            q += 0.4 * np.sin(rate * t + phase)
            v += 0.4 * rate * np.cos(rate * t + phase)
            a -= 0.4 * rate**2 * np.sin(rate * t + phase)
        side = np.ones(steps)
        for i in range(1, steps):
            side[i] = np.sign(q[i]) if abs(q[i]) > 0.4 else side[i - 1]
        effort = 3 * np.sin(q) + a + 0.5 * v + memory * side
        effort += 0.01 * random.normal(size=steps)
        runs.append(make_segment(q[:, None], v[:, None], effort[:, None], name=f'r{k}', dt=DT))
    return runs


def chosen(
    runs: list[Segment], folder: Path, base: DynamicsSettings, plan: Plan | None = None
) -> Choice:
    """Return the choice on some runs, made in this process."""
    write_segments(folder / 'grid', runs)
    data = Data(folder=folder / 'grid', folds=3, washout_steps=40, window_steps=140, seed=0)
    return Chooser(base, data, in_this_process, folder / 'trials').choose(0.0, 1, plan)


BASE = InverseSettings(dt=DT, ripple_limit=0, cell='gru')


def test_a_robot_that_is_linear_in_its_features_gets_a_linear_model(
    make_segment: Make, tmp_path: Path
) -> None:
    choice = chosen(pendulums(make_segment, 0.0), tmp_path, BASE)
    assert choice.settings.cell == 'none'
    assert choice.whole is not None
    assert choice.why.startswith('Linear: on motions it has not seen')
    (row,) = [row for row in choice.rows if row.chosen]
    assert row.score == min(r.score for r in choice.rows if r.title.startswith('linear'))
    # The noise of 0.01 is all that is left: the nMSE of a perfect model.
    variance = np.var(np.vstack([run.effort for run in pendulums(make_segment, 0.0)]))
    assert row.score == pytest.approx(1e-4 / variance, rel=0.5)


@pytest.mark.slow
def test_a_robot_with_a_memory_gets_a_network(make_segment: Make, tmp_path: Path) -> None:
    runs = pendulums(make_segment, 0.5)
    first = chosen(runs, tmp_path, replace(BASE, cell='lstm')).plan
    plan = replace(first, cells=('gru', 'memoryless'), updates_per_epoch=20, window_steps=150)
    choice = chosen(runs, tmp_path / 'longer', replace(BASE, cell='lstm'), plan)
    assert choice.settings.cell == 'gru', choice.why
    assert choice.whole is None
    assert len(choice.members) == 3
    scores = {row.title.split()[0]: row.score for row in choice.rows}
    assert scores[choice.settings.cell] < 0.9 * scores['linear,']
    held = {segment.name for member in choice.members for segment in member.held_out}
    assert held == {run.name for run in runs}


def test_too_little_data_for_a_network_is_said_with_how_much_it_takes(
    make_segment: Make, tmp_path: Path
) -> None:
    choice = chosen(pendulums(make_segment, 0.0, count=3, steps=200), tmp_path, BASE)
    assert choice.settings.cell == 'none'
    assert 'too little data for a network. 6 s are here' in choice.why


def test_the_same_plan_gives_the_same_choice(make_segment: Make, tmp_path: Path) -> None:
    runs = pendulums(make_segment, 0.0, count=3, steps=800)
    first = chosen(runs, tmp_path / 'one', BASE)
    write_segments(tmp_path / 'two' / 'grid', runs)
    data = Data(
        folder=tmp_path / 'two' / 'grid', folds=3, washout_steps=40, window_steps=140, seed=0
    )
    again = Chooser(BASE, data, in_this_process, tmp_path / 'two').choose(99.0, 4, first.plan)
    assert again.settings == first.settings
    assert [(r.title, r.score, r.chosen) for r in again.rows] == [
        (r.title, r.score, r.chosen) for r in first.rows
    ]


def test_one_motion_alone_is_said_to_tell_little(make_segment: Make, tmp_path: Path) -> None:
    choice = chosen(pendulums(make_segment, 0.0, count=1, steps=400), tmp_path, BASE)
    assert 'There is one motion only: the splits are blocks of it' in choice.why
    assert not any(title.endswith('the farthest') for title in choice.held_out)
    assert all(np.isnan(row.far) for row in choice.rows)
