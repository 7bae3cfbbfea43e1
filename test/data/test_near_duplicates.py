# SPDX-License-Identifier: Apache-2.0
"""Which trajectories count as the same motion."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds, near_duplicates, split
import numpy as np
import pytest

TIME = 0.01 * np.arange(600)[:, None]


def motion(seed: int, *, noise: int | None = None, scale: float = 1.0) -> Matrix:
    """Return a smooth motion of two joints; ``noise`` is the seed of another execution's."""
    rng = np.random.default_rng(seed)
    rates, phases = rng.uniform(0.5, 4.0, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
    smooth = sum(np.sin(rate * TIME + phase) for rate, phase in zip(rates, phases, strict=True))
    again = 0.0 if noise is None else 0.02 * np.random.default_rng(noise).normal(size=(600, 2))
    result: Matrix = scale * np.asarray(smooth) + again
    return result


def run(name: str, position: Matrix, types: Sequence[str] = ('revolute', 'revolute')) -> Segment:
    return Segment(
        name=name,
        joint_names=('a', 'b'),
        joint_types=tuple(types),
        dt=0.01,
        start_index=0,
        position=position,
        velocity=np.zeros_like(position),
        effort=np.zeros_like(position),
        filled=np.zeros(len(position), bool),
    )


def twice(pairs: int) -> list[Segment]:
    """Return motions that were each made twice, far apart in the list."""
    first = [run(f'run{k}', motion(k, noise=100 + k)) for k in range(pairs)]
    return first + [run(f'again{k}', motion(k, noise=200 + k)) for k in range(pairs)]


def test_a_motion_made_again_is_found() -> None:
    assert near_duplicates(twice(5)) == [(f'run{k}', f'again{k}') for k in range(5)]


def test_the_same_motion_with_another_amplitude_is_no_copy() -> None:
    runs = [run(f'run{k}', motion(k)) for k in range(3)] + [run('small', motion(0, scale=0.5))]
    assert near_duplicates(runs) == [('run0',), ('run1',), ('run2',), ('small',)]


def test_a_copy_that_ends_early_and_has_gaps_is_found() -> None:
    part = motion(0, noise=1)[:400]
    part[50:60] = np.nan
    runs = [*(run(f'run{k}', motion(k)) for k in range(3)), run('part', part)]
    assert near_duplicates(runs) == [('run0', 'part'), ('run1',), ('run2',)]


def test_copies_of_a_copy_are_one_group_in_the_order_of_the_data() -> None:
    runs = [run(name, motion(0, noise=k)) for k, name in enumerate('bca')]
    runs[1:1] = [run(f'other{k}', motion(k)) for k in (1, 2, 3)]
    assert near_duplicates(runs) == [('b', 'c', 'a'), ('other1',), ('other2',), ('other3',)]


def test_if_most_are_copies_each_stands_for_itself() -> None:
    runs = [run(f'run{k}', motion(0, noise=k)) for k in range(3)] + [run('other', motion(1))]
    assert near_duplicates(runs) == [('run0',), ('run1',), ('run2',), ('other',)]


def test_a_turn_of_a_continuous_joint_makes_no_difference() -> None:
    types = ('continuous', 'revolute')
    turned = motion(0) + np.array([2 * np.pi, 0.0])
    runs = [*(run(f'run{k}', motion(k), types) for k in range(3)), run('turned', turned, types)]
    assert near_duplicates(runs) == [('run0', 'turned'), ('run1',), ('run2',)]


@pytest.mark.parametrize('seed', range(5))
def test_copies_are_held_out_together(seed: int) -> None:
    runs = twice(6)
    learned, held = split(runs, washout_steps=10, seed=seed)
    assert not {item.name[-1] for item in learned} & {item.name[-1] for item in held}
    for learned, held in folds(runs, 3, washout_steps=10, seed=seed):
        assert not {item.name[-1] for item in learned} & {item.name[-1] for item in held}
        assert len(held) == 4
