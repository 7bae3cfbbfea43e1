# SPDX-License-Identifier: Apache-2.0
"""The worst disturbance, where it is known: a linear model's is the bound times an L1 norm."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.learning.interpretation.worst_case import worst_case_of, WorstCase
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import roll
import numpy as np
from numpy.typing import NDArray
import pytest
import torch
from torch import Tensor

STEPS, WINDOWS = 6, 5
RNG = np.random.default_rng(2)
TAPS = RNG.normal(size=(STEPS, 4, 2))
"""Coefficients of a linear model by age, feature and joint."""


class Filter:
    """``prediction = sum_k TAPS[k] obs[t - k]``; the state is the past, newest first."""

    def step(
        self, obs: Tensor, state: Sequence[Tensor]
    ) -> tuple[dict[str, Tensor], tuple[Tensor]]:
        (past,) = state
        past = torch.cat([obs[None], past[:-1]])
        prediction = torch.einsum('knf,kfj->nj', past, torch.from_numpy(TAPS))
        return {'prediction': prediction}, (past,)

    def tensor(self, array: NDArray[np.floating[Any]]) -> Tensor:
        return torch.from_numpy(np.asarray(array, np.float64))


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    """Of an inverse model of two joints: features q and dq of each."""
    return load(dt=0.01, kind='inverse').card


def attacked(card: ModelCard, *, iterations: int = 10, restarts: int = 2) -> NDArray[np.float32]:
    """Return the disturbance found for windows of rest, where the error is zero without it."""
    bound = np.tile(np.array([0.1, 0.2, 0.3, 0.4]), (WINDOWS, 1))
    return WorstCase(Filter(), card, iterations=iterations, restarts=restarts)(
        np.zeros((STEPS, WINDOWS, 4), np.float32),
        [np.zeros((STEPS, WINDOWS, 4), np.float32)],
        np.zeros((WINDOWS, 2)),
        np.array([1.0, 0.0]),
        bound,
        kind='effort',
        effort=np.empty((0, WINDOWS, 2)),
        seed=0,
    )


def error_of(shift: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.einsum('kwf,kf->w', shift[::-1], TAPS[:, :, 0])
    return found


def test_a_linear_model_reaches_the_closed_form(card: ModelCard) -> None:
    shift = attacked(card)
    worst = (np.abs(TAPS[:, :, 0]) * np.array([0.1, 0.2, 0.3, 0.4])).sum()
    np.testing.assert_allclose(np.abs(error_of(shift)), worst, rtol=1e-5)


def test_the_bound_holds_and_the_outcome_is_repeatable(card: ModelCard) -> None:
    shift = attacked(card, iterations=3, restarts=1)
    assert (np.abs(shift) <= np.array([0.1, 0.2, 0.3, 0.4]) * (1 + 1e-6)).all()
    np.testing.assert_array_equal(shift, attacked(card, iterations=3, restarts=1))


def test_a_derived_velocity_follows_its_position(card: ModelCard) -> None:
    shift = attacked(replace(card, velocity_source='derived'))
    position, velocity = shift[:, :, :2], shift[:, :, 2:]
    before = np.concatenate([np.zeros((1, WINDOWS, 2)), position[:-1]])
    np.testing.assert_allclose(velocity, (position - before) / 0.01, rtol=1e-4, atol=1e-4)
    # The position alone is free: its coefficient is that of q plus what it does through dq.
    through = TAPS[:, 2:, 0] / 0.01
    own = TAPS[:, :2, 0] + through - np.vstack([np.zeros((1, 2)), through[:-1]])
    worst = (np.abs(own) * np.array([0.1, 0.2])).sum()
    np.testing.assert_allclose(np.abs(error_of(shift)), worst, rtol=1e-4)


@pytest.mark.parametrize('kind', ['forward', 'inverse'])
def test_a_recurrent_model_file_errs_more_than_under_random_signs(
    load: Callable[..., LoadedModel], kind: str
) -> None:
    loaded = load(kind=kind, dt=0.01)
    n = len(loaded.card.features)
    seen = RNG.normal(size=(8, WINDOWS, n)).astype(np.float32)
    ahead = 4 if kind == 'forward' else 1
    effort = RNG.normal(size=(ahead - 1, WINDOWS, 2))
    state = OnnxStep(loaded, WINDOWS).state
    target_kind = 'velocity' if kind == 'forward' else 'effort'
    columns = loaded.card.columns(target_kind, of='targets')

    def run(shift: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        step = OnnxStep(loaded, WINDOWS)
        for row, off in zip(seen, shift, strict=True):
            step.obs[:] = row + off
            first = step.step().copy()
        last = first if ahead == 1 else roll(step, ahead, effort=effort, first=first)[-1]
        return last[:, columns]

    clean = run(np.zeros_like(seen))
    shift = worst_case_of(loaded)(
        seen,
        state,
        clean.astype(np.float64),
        np.ones(2),
        np.full((WINDOWS, n), 0.05),
        kind=target_kind,
        effort=effort,
        seed=0,
    )
    found = np.square(run(shift) - clean).mean(1)
    for _ in range(20):
        random = 0.05 * RNG.choice([-1.0, 1.0], seen.shape)
        assert (np.square(run(random) - clean).mean(1) < found).all()
