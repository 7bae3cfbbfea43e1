# SPDX-License-Identifier: Apache-2.0
"""Which parts of the training data are left out together."""

from collections.abc import Callable

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.parts import parts_of
import numpy as np


def wander(make_segment: Callable[..., Segment], seed: int, rows: int, name: str) -> Segment:
    return make_segment(np.random.default_rng(seed).normal(size=(rows, 2)), name=name)


def test_near_copies_are_left_out_together(make_segment: Callable[..., Segment]) -> None:
    seeds = {'a': 0, 'a_again': 0, 'b': 1, 'c': 2, 'd': 3}
    runs = [wander(make_segment, seed, 300, name) for name, seed in seeds.items()]
    parts = parts_of(runs, gap_steps=10, window_steps=60)
    names = sorted(tuple(run.name for run in part.fitted) for part in parts)
    assert names == [('a', 'a_again'), ('b',), ('c',), ('d',)]
    assert all(part.judged == part.fitted for part in parts)


def test_many_motions_are_left_out_in_five_parts(make_segment: Callable[..., Segment]) -> None:
    runs = [wander(make_segment, k, 100, f'run{k}') for k in range(12)]
    parts = parts_of(runs, gap_steps=10, window_steps=60)
    assert len(parts) == 5
    assert sorted(run.name for part in parts for run in part.fitted) == sorted(
        run.name for run in runs
    )


def test_blocks_of_one_motion_are_judged_away_from_the_others(
    make_segment: Callable[..., Segment],
) -> None:
    parts = parts_of([wander(make_segment, 0, 2000, 'run')], gap_steps=20, window_steps=70)
    fitted = [s for part in parts for s in part.fitted]
    assert sum(len(s) for s in fitted) == 2000
    for part in parts:
        for whole, judged in zip(part.fitted, part.judged, strict=True):
            assert judged.start_index == whole.start_index + 20
            assert len(judged) == len(whole) - 40


def test_what_is_too_short_is_one_part(make_segment: Callable[..., Segment]) -> None:
    (part,) = parts_of([wander(make_segment, 0, 200, 'run')], gap_steps=20, window_steps=70)
    assert len(part.fitted[0]) == 200
    assert not part.judged
