# SPDX-License-Identifier: Apache-2.0
"""Training and held-out data, of one model and of the members of an ensemble; near-copies."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds, near_duplicates, split
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


def names(segments: Sequence[Segment]) -> set[str]:
    return {segment.name for segment in segments}


def test_every_trajectory_is_held_out_once() -> None:
    runs = [segment(f'run{k}', 100 + k) for k in range(11)]
    made = folds(runs, 4, washout_steps=5, seed=3)
    held = [segment.name for _, out in made for segment in out]
    assert sorted(held) == sorted(names(runs))
    for training, out in made:
        assert names(training) | names(out) == names(runs)
        assert not names(training) & names(out)


def test_members_hold_out_about_as_many_steps() -> None:
    runs = [segment(f'run{k}', 100 * (k + 1)) for k in range(12)]
    sizes = [sum(map(len, out)) for _, out in folds(runs, 3, washout_steps=5)]
    assert max(sizes) - min(sizes) <= 200


def test_the_seed_decides_which_are_held_out_together() -> None:
    runs = [segment(f'run{k}', 100) for k in range(12)]
    a, b, again = (
        [names(out) for _, out in folds(runs, 3, washout_steps=5, seed=s)] for s in (0, 1, 0)
    )
    assert a == again
    assert a != b


def test_segments_of_one_trajectory_stay_together() -> None:
    runs = [segment(f'run{k // 2}', 50, 100 * k) for k in range(8)]
    for training, out in folds(runs, 2, washout_steps=5):
        assert not names(training) & names(out)


def test_more_members_than_trajectories_share_what_they_do_not_see() -> None:
    runs = [segment('a', 100), segment('b', 100)]
    held = [names(out) for _, out in folds(runs, 3, washout_steps=5)]
    assert held[0] == held[2]
    assert held[0] | held[1] == {'a', 'b'}


def test_a_single_recording_is_held_out_block_by_block() -> None:
    made = folds([segment('run', 2000)], 3, washout_steps=20)
    held = np.concatenate([s.position[:, 0] for _, out in made for s in out])
    assert sorted(held.tolist()) == list(range(2000))
    for training, out in made:
        seen = np.concatenate([s.position[:, 0] for s in training])
        gap = np.abs(seen[:, None] - np.concatenate([s.position[:, 0] for s in out])).min()
        assert gap == 21


def test_one_member_is_the_usual_split() -> None:
    runs = [segment(f'run{k}', 100) for k in range(7)]
    (training, out), *_ = folds(runs, 1, washout_steps=5, seed=2)
    expected = split(runs, washout_steps=5, seed=2)
    assert (names(training), names(out)) == (names(expected[0]), names(expected[1]))


def test_a_recording_too_short_for_the_members_is_refused() -> None:
    with pytest.raises(TooShortError):
        folds([segment('run', 200)], 3, washout_steps=20)


def test_no_members_are_refused() -> None:
    with pytest.raises(ConfigError, match='members must be at least 1, got 0'):
        folds([segment('run', 200)], 0, washout_steps=20)


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
