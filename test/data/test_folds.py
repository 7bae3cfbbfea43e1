# SPDX-License-Identifier: Apache-2.0
"""One split per member, each trajectory held out from one of them."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds, split
import numpy as np
import pytest


def recording(name: str, steps: int, start: int = 0) -> Segment:
    column = np.arange(start, start + steps, dtype=float)[:, None]
    return Segment(
        name=name,
        joint_names=('joint1',),
        joint_types=('revolute',),
        dt=0.01,
        start_index=start,
        position=column,
        velocity=column,
        effort=column,
        filled=np.zeros(steps, np.bool_),
    )


def names(segments: Sequence[Segment]) -> set[str]:
    return {segment.name for segment in segments}


def test_every_trajectory_is_held_out_once() -> None:
    runs = [recording(f'run{k}', 100 + k) for k in range(11)]
    made = folds(runs, 4, washout_steps=5, seed=3)
    held = [segment.name for _, out in made for segment in out]
    assert sorted(held) == sorted(names(runs))
    for training, out in made:
        assert names(training) | names(out) == names(runs)
        assert not names(training) & names(out)


def test_members_hold_out_about_as_many_steps() -> None:
    runs = [recording(f'run{k}', 100 * (k + 1)) for k in range(12)]
    sizes = [sum(map(len, out)) for _, out in folds(runs, 3, washout_steps=5)]
    assert max(sizes) - min(sizes) <= 200


def test_the_seed_decides_which_are_held_out_together() -> None:
    runs = [recording(f'run{k}', 100) for k in range(12)]
    a, b, again = (
        [names(out) for _, out in folds(runs, 3, washout_steps=5, seed=s)] for s in (0, 1, 0)
    )
    assert a == again
    assert a != b


def test_segments_of_one_trajectory_stay_together() -> None:
    runs = [recording(f'run{k // 2}', 50, 100 * k) for k in range(8)]
    for training, out in folds(runs, 2, washout_steps=5):
        assert not names(training) & names(out)


def test_more_members_than_trajectories_share_what_they_do_not_see() -> None:
    runs = [recording('a', 100), recording('b', 100)]
    held = [names(out) for _, out in folds(runs, 3, washout_steps=5)]
    assert held[0] == held[2]
    assert held[0] | held[1] == {'a', 'b'}


def test_a_single_recording_is_held_out_block_by_block() -> None:
    made = folds([recording('run', 2000)], 3, washout_steps=20)
    held = np.concatenate([s.position[:, 0] for _, out in made for s in out])
    assert sorted(held.tolist()) == list(range(2000))
    for training, out in made:
        seen = np.concatenate([s.position[:, 0] for s in training])
        gap = np.abs(seen[:, None] - np.concatenate([s.position[:, 0] for s in out])).min()
        assert gap == 21


def test_one_member_is_the_usual_split() -> None:
    runs = [recording(f'run{k}', 100) for k in range(7)]
    (training, out), *_ = folds(runs, 1, washout_steps=5, seed=2)
    expected = split(runs, washout_steps=5, seed=2)
    assert (names(training), names(out)) == (names(expected[0]), names(expected[1]))


def test_a_recording_too_short_for_the_members_is_refused() -> None:
    with pytest.raises(TooShortError):
        folds([recording('run', 200)], 3, washout_steps=20)


def test_no_members_are_refused() -> None:
    with pytest.raises(ConfigError, match='members must be at least 1, got 0'):
        folds([recording('run', 200)], 0, washout_steps=20)
