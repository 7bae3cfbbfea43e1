# SPDX-License-Identifier: Apache-2.0
"""What is held out together."""

from lstm_dynamics_ros.physics.identification.fit import apart, fold_labels, GAP
from lstm_dynamics_ros.physics.identification.regressor import Equations
import numpy as np
import pytest


def stretch(name: str, rows: int, step: float = 0.1) -> Equations:
    empty = np.zeros((rows, 1))
    return Equations(
        name=name,
        time=step * np.arange(rows, dtype=np.float64),
        velocity=empty,
        body=np.zeros((rows, 1, 10)),
        local=np.zeros((rows, 1, 5)),
        effort=empty,
        above=np.zeros(1),
    )


def test_trajectories_stay_whole() -> None:
    made = [stretch(name, 30) for name in ('a', 'b', 'a', 'c', 'd', 'e')]
    labels = fold_labels(made, 3)
    assert [set(label.tolist()) for label in labels] == [{0}, {1}, {0}, {2}, {0}, {1}]


def test_few_trajectories_are_cut_into_blocks_of_equal_length() -> None:
    labels = np.concatenate(fold_labels([stretch('a', 40), stretch('b', 20)], 6))
    assert np.bincount(labels).tolist() == [10] * 6
    assert (np.diff(labels) >= 0).all()


def test_a_gap_is_left_out_beside_a_held_out_block() -> None:
    made = [stretch('a', 60)]
    labels = fold_labels(made, 6)
    (kept,) = apart(made, labels, {2})
    held = made[0].time[labels[0] == 2]
    distance = np.abs(made[0].time[:, None] - held).min(axis=1)
    assert distance[kept].min() == pytest.approx(GAP)
    assert kept.sum() == 60 - 10 - 2 * 4


def test_another_trajectory_needs_no_gap() -> None:
    made = [stretch(name, 10) for name in 'abcd']
    kept = apart(made, fold_labels(made, 4), {1})
    assert [int(rows.sum()) for rows in kept] == [10, 0, 10, 10]


def test_nothing_is_left_out_if_nothing_is_held_out() -> None:
    made = [stretch('a', 20)]
    (kept,) = apart(made, fold_labels(made, 2), frozenset())
    assert kept.all()
