# SPDX-License-Identifier: Apache-2.0
"""Splits of the motions, and which motion is the farthest."""

from collections.abc import Callable

from lstm_dynamics_ros.data.motion_folds import distance_of_motions, motion_folds
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
import pytest

Make = Callable[..., Segment]


def swing(make_segment: Make, centre: float, rate: float, name: str, steps: int = 600) -> Segment:
    """Return a joint that swings around a centre, from -0.4 to 0.4 rad beside it."""
    t = np.arange(steps) * 0.01
    q = centre + 0.4 * np.sin(rate * t)
    return make_segment(q[:, None], 0.4 * rate * np.cos(rate * t)[:, None], name=name, dt=0.01)


def test_every_motion_is_held_out_once_and_never_learned_from_there(make_segment: Make) -> None:
    runs = [swing(make_segment, 0.0, 1 + k, f'run{k}') for k in range(6)]
    folds = motion_folds(runs, 4, washout_steps=20, window_steps=100)
    held = [segment.name for fold in folds for segment in fold.held_out]
    assert sorted(held) == [f'run{k}' for k in range(6)]
    assert len(folds) == 4
    for fold in folds:
        assert not {s.name for s in fold.held_out} & {s.name for s in fold.learn_from}


def test_the_first_fold_holds_out_the_motion_beyond_the_range_of_the_others(
    make_segment: Make,
) -> None:
    runs = [swing(make_segment, 0.0, 1 + k, f'near{k}') for k in range(4)]
    runs.insert(2, swing(make_segment, 1.5, 2.5, 'beyond'))
    folds = motion_folds(runs, 4, washout_steps=20, window_steps=100)
    assert [fold.far for fold in folds] == [True, False, False, False]
    assert [segment.name for segment in folds[0].held_out] == ['beyond']
    assert folds[0].title == 'beyond, the farthest'


def test_a_turn_more_is_not_farther(make_segment: Make) -> None:
    runs = [swing(make_segment, 0.0, 1.0 + 0.1 * k, f'run{k}') for k in range(3)]
    turned = swing(make_segment, 2 * np.pi, 1.05, 'turned')
    beyond = swing(make_segment, 1.5, 1.05, 'beyond')
    names = [(item.name,) for item in [*runs, turned, beyond]]
    near, far = distance_of_motions([*runs, turned, beyond], names)[-2:]
    assert near < 0.1 < far


def test_copies_of_a_motion_are_held_out_together(make_segment: Make) -> None:
    runs = [swing(make_segment, 0.0, rate, f'run{rate}') for rate in (1.0, 2.0, 3.0, 4.0)]
    copy = swing(make_segment, 0.0, 2.0, 'again')
    for fold in motion_folds([*runs, copy], 4, washout_steps=20, window_steps=100):
        held = {segment.name for segment in fold.held_out}
        assert ('run2.0' in held) == ('again' in held)


def test_one_motion_alone_is_split_into_blocks(make_segment: Make) -> None:
    folds = motion_folds(
        [swing(make_segment, 0.0, 3.0, 'only', 4000)], 4, washout_steps=20, window_steps=100
    )
    assert len(folds) == 4
    assert not any(fold.far for fold in folds)
    assert sum(len(segment) for fold in folds for segment in fold.held_out) == 4000


@pytest.mark.parametrize('count', [2, 3])
def test_few_motions_give_as_many_folds(make_segment: Make, count: int) -> None:
    runs = [swing(make_segment, 0.0, 1.0 + k, f'run{k}') for k in range(count)]
    assert len(motion_folds(runs, 4, washout_steps=20, window_steps=100)) == count
