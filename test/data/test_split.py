# SPDX-License-Identifier: Apache-2.0
"""Tests of splitting into training and validation data."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import split
import numpy as np
import pytest


def segment(name: str, steps: int, start: int = 0) -> Segment:
    rows = np.arange(start, start + steps, dtype=np.float64)[:, None]
    return Segment(
        name=name,
        joint_names=('a',),
        joint_types=('revolute',),
        dt=0.01,
        start_index=start,
        position=rows,
        velocity=rows,
        effort=rows,
        filled=np.zeros(steps, bool),
    )


def covered(segments: Sequence[Segment]) -> set[int]:
    return {int(value) for item in segments for value in item.position[:, 0]}


def test_whole_trajectories_are_held_back() -> None:
    made = [segment(f'run{k}', 100) for k in range(10)]
    made.insert(3, segment('run3', 50, start=500))  # run3 has a gap, so it has two segments
    training, validation = split(made, washout_steps=10)
    names = {item.name for item in validation}
    assert not names & {item.name for item in training}
    assert len(training) + len(validation) == len(made)
    assert sum(map(len, validation)) == pytest.approx(0.2 * 1050, abs=100)


def test_the_seed_decides_which() -> None:
    made = [segment(f'run{k}', 100) for k in range(10)]
    names = [
        tuple(item.name for item in split(made, washout_steps=10, seed=seed)[1])
        for seed in (0, 0, 1, 2)
    ]
    assert names[0] == names[1]
    assert len(set(names)) > 1


def test_of_two_trajectories_one_is_held_back() -> None:
    training, validation = split([segment('a', 900), segment('b', 100)], washout_steps=10)
    assert (len(training), len(validation)) == (1, 1)


def test_a_single_recording_is_cut_into_blocks_with_a_washout_between() -> None:
    training, validation = split([segment('run', 4000)], washout_steps=20)
    held = covered(validation)
    assert len(held) == 800
    assert len(validation) == 4
    assert 3999 in held
    distance = min(abs(a - b) for a in covered(training) for b in held)
    assert distance == 21
    assert len(covered(training)) == 4000 - 800 - 7 * 20


def test_a_single_recording_with_a_gap_is_split_too() -> None:
    training, validation = split(
        [segment('run', 900), segment('run', 1100, start=5000)], washout_steps=20
    )
    assert sum(map(len, validation)) == 400
    assert not covered(training) & covered(validation)
    assert all(np.diff(item.position[:, 0]).tolist() == [1] * (len(item) - 1) for item in training)


def test_validation_blocks_are_as_long_as_a_window() -> None:
    _, validation = split([segment('run', 4000)], washout_steps=20, window_steps=300)
    assert min(map(len, validation)) >= 300


def test_too_short_a_recording_says_how_long_it_must_be() -> None:
    with pytest.raises(TooShortError, match=r'is 3\.00 s, but one window needs 4\.00 s'):
        split([segment('run', 300)], washout_steps=20)
    split([segment('run', 400)], washout_steps=20)


@pytest.mark.parametrize('fraction', [0.0, 1.0, -1.0])
def test_a_fraction_that_leaves_nothing_is_refused(fraction: float) -> None:
    with pytest.raises(ConfigError, match='validation_fraction must be between 0 and 1'):
        split([segment('run', 4000)], washout_steps=20, validation_fraction=fraction)
