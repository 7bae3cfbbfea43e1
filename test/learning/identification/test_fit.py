# SPDX-License-Identifier: Apache-2.0
"""How a fit weighs joints and chooses what the data cannot tell."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.learning.identification.fit import (
    apart,
    choose,
    Fit,
    fit,
    fold_labels,
    GAP,
    STRENGTHS,
)
from lstm_dynamics_ros.learning.identification.parameter_vector import Layout, layout, Unknowns
from lstm_dynamics_ros.learning.identification.regressor import Equations, equations, Measured
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]
NAMES = ('joint1', 'joint2')


def made(
    planar: Make, run: Measured, *, shares: tuple[float, ...] = (0.1,)
) -> tuple[list[list[Equations]], Layout]:
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    candidates, _ = equations(prior, [run], cutoff=5.0, shares=shares)
    return candidates, layout(prior, candidates[0], Unknowns(body=True, friction=True))


def fitted(
    candidates: list[list[Equations]],
    plan: Layout,
    *,
    without: frozenset[int] = frozenset(),
    strengths: tuple[float, ...] = STRENGTHS,
) -> Fit:
    labels = fold_labels(candidates[0], 4)
    return fit(candidates, plan, labels, without=without, strengths=strengths)


def test_a_noisy_joint_counts_as_noisy(planar: Make, recorded: Make) -> None:
    run = recorded(planar().torque, effort_noise=0.0, position_noise=0.0)
    noise = np.random.default_rng(0).normal(size=run.effort.shape) * [0.1, 1.0]
    result = fitted(*made(planar, run._replace(effort=run.effort + noise)), strengths=(1.0,))
    share = np.sqrt(5.0 / 50.0)  # of the noise that the low-pass lets through
    np.testing.assert_allclose(result.noise, share * np.array([0.1, 1.0]), rtol=0.5)


def test_the_smooth_sign_that_made_the_friction_is_chosen(planar: Make, recorded: Make) -> None:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        sharp = np.tanh(v / (0.3 * np.sqrt(np.mean(v**2, axis=0))))
        return np.asarray(planar().torque(q, v, a) + 2.0 * sharp)

    candidates, plan = made(planar, recorded(torque), shares=(0.03, 0.3, 1.0))
    assert fitted(candidates, plan).choice == 1


def test_what_is_held_out_is_not_looked_at(planar: Make, recorded: Make) -> None:
    run = recorded(planar().torque)
    candidates, plan = made(planar, run)
    labels = fold_labels(candidates[0], 4)
    spoilt = candidates[0][0].effort.copy()
    spoilt[labels[0] == 2] += 100.0
    before = fitted(candidates, plan, without=frozenset({2}))
    after = fitted([[_with_effort(candidates[0][0], spoilt)]], plan, without=frozenset({2}))
    np.testing.assert_allclose(after.values, before.values, rtol=1e-6, atol=1e-9)


def _with_effort(item: Equations, effort: np.ndarray) -> Equations:
    return replace(item, effort=effort)


def test_of_options_hardly_worse_the_strongest_is_taken() -> None:
    costs = np.array([[[1.0, 1.05, 2.0]], [[1.0, 0.97, 2.0]], [[1.0, 1.02, 2.0]]])
    assert choose(costs) == (0, 1)
    assert choose(costs[:, :, ::2]) == (0, 0)


def test_one_bad_part_does_not_excuse_a_worse_option() -> None:
    costs = np.array([[[1.0, 1.0]], [[1.0, 1.0]], [[1.0, 9.0]]])
    assert choose(costs) == (0, 0)


def test_the_best_smooth_sign_is_taken() -> None:
    assert choose(np.array([[[3.0, 1.0, 2.0], [4.0, 0.9, 4.0]]])) == (1, 1)


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
