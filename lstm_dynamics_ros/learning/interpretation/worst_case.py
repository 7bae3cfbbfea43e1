# SPDX-License-Identifier: Apache-2.0
"""The disturbance of a bounded size that makes a model's error largest, by projected gradient.

Every step goes up the gradient of the squared error by a fixed share of the bound in every
coordinate, and is cut back to the bound:

    d <- clip(d + a sign(grad L(d)), -bound, bound)        a = 2.5 bound / iterations

from several random starting points; the best disturbance met on the way is returned. For a model
that is linear in its inputs the result is exact: the bound times the sum of the magnitudes of its
coefficients.

Source: A. Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018,
section 2.1.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ModelFileError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.models.delay_line import wrapped
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.rollout import feedback
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

STEP = 2.5
"""Way that all iterations can go together, in bounds."""


class Steps(Protocol):
    """A model whose outputs can be differentiated by its inputs.

    As :class:`~lstm_dynamics_ros.learning.interpretation.differentiable.DifferentiableModel`.
    """

    def step(
        self, obs: Tensor, state: Sequence[Tensor]
    ) -> tuple[Mapping[str, Tensor], Sequence[Tensor]]:
        """Return ``prediction``, shape (N, n_targets), and the hidden state after the step.

        Args:
            obs: Observations, SI units, shape (N, n_features).
            state: Hidden state before the step: tensors of shape (n_layers, N, n_hidden).
        """

    def tensor(self, array: NDArray[np.floating[Any]]) -> Tensor:
        """Return an array as a tensor of the model's type."""


class WorstCase:
    """Looks for the worst disturbance of windows.

    Args:
        model: The model.
        card: Its card.
        iterations: Steps up the gradient.
        restarts: Starting points.
    """

    def __init__(
        self, model: Steps, card: ModelCard, *, iterations: int = 10, restarts: int = 2
    ) -> None:
        self._model = model
        self._card = card
        self._iterations = iterations
        self._restarts = restarts

    @property
    def method(self) -> str:
        """How it looks, for people."""
        return (
            f'{self._iterations} steps of projected gradient ascent from {self._restarts} random '
            'starts'
        )

    def __call__(
        self,
        observations: NDArray[np.float32],
        states: Sequence[NDArray[np.float32]],
        target: Matrix,
        weight: Vector,
        bound: Matrix,
        *,
        kind: str,
        effort: NDArray[np.float64],
        seed: int,
    ) -> NDArray[np.float32]:
        """Return the worst disturbance found, shape (n_steps, n_windows, n_features).

        Args:
            observations: Windows of what the model saw, same shape.
            states: Hidden states before the windows, each (n_layers, n_windows, n_hidden).
            target: What is true at the end, shape (n_windows, n_joints).
            weight: What errors are multiplied by, shape (n_joints,).
            bound: Largest magnitude, shape (n_windows, n_features); 0 where nothing may be
                disturbed.
            kind: Signal whose error is made large.
            effort: Effort after the window, shape (n_ahead - 1, n_windows, n_joints).
            seed: Seed of the starting points.
        """
        n, times = observations.shape[1], self._restarts
        tensor = self._model.tensor
        goal, limit = tensor(np.tile(target, (times, 1))), tensor(np.tile(bound, (times, 1)))
        seen, known = (tensor(np.tile(rows, (1, times, 1))) for rows in (observations, effort))
        state = tuple(tensor(np.tile(part, (1, times, 1))) for part in states)
        scale = tensor(weight)
        generator = torch.Generator().manual_seed(seed)
        shift = (2 * torch.rand(seen.shape, generator=generator) - 1).to(limit.dtype) * limit
        best, most = torch.zeros_like(shift), torch.full_like(limit[:, 0], -torch.inf)
        for turn in range(self._iterations + 1):
            shift.requires_grad_()
            whole = self.consistent(shift)
            loss = self._loss(seen + whole, state, goal, scale, kind, known)
            better = loss.detach() > most
            most = torch.where(better, loss.detach(), most)
            best = torch.where(better[None, :, None], whole.detach(), best)
            if turn == self._iterations:
                break
            (slope,) = torch.autograd.grad(loss.sum(), shift)
            climbed = shift.detach() + STEP / self._iterations * limit * slope.sign()
            shift = torch.maximum(torch.minimum(climbed, limit), -limit)
        first = most.reshape(times, n).argmax(0)
        worst = best.reshape(len(seen), times, n, -1)[:, first, torch.arange(n)]
        return worst.numpy().astype(np.float32)

    def consistent(self, shift: Tensor) -> Tensor:
        """Return a disturbance whose velocity follows from its position, if the node derives it.

        Args:
            shift: Disturbance before that, shape (n_steps, N, n_features).
        """
        card = self._card
        velocity, position = card.columns('velocity'), card.columns('position')
        if card.velocity_source != 'derived' or velocity is None or position is None:
            return shift
        moved = shift[:, :, position]
        before = torch.cat([torch.zeros_like(moved[:1]), moved[:-1]])
        whole = shift.clone()
        whole[:, :, velocity] = (moved - before) / card.dt
        return whole

    def _loss(
        self,
        seen: Tensor,
        state: Sequence[Tensor],
        goal: Tensor,
        scale: Tensor,
        kind: str,
        known: Tensor,
    ) -> Tensor:
        """Return the weighted squared error of every window, shape (N,)."""
        for row in seen:
            prediction, state = self._step(row, state)
        card = self._card
        if len(known):
            copies, effort = feedback(card, predict_effort=False), card.columns('effort')
        for given in known:
            row = seen[-1].clone()
            for from_target, feature in copies:
                row[:, feature] = prediction[:, from_target]
            if effort is not None:
                row[:, effort] = given
            prediction, state = self._step(row, state)
        error = prediction[:, card.columns(kind, of='targets')] - goal
        if kind == 'position':
            turns = continuous_joints(card.joint_types)
            error = wrapped(error, torch.tensor(turns, dtype=error.dtype))
        return (error * scale).square().mean(1)

    def _step(self, row: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, Sequence[Tensor]]:
        outputs, after = self._model.step(row, state)
        return outputs['prediction'], after


def worst_case_of(loaded: LoadedModel) -> WorstCase:
    """Return what looks for the worst disturbance of a model file.

    In float32 where that reproduces the file's golden sequence, because only signs of gradients
    count and it is twice as fast; else in float64.

    Raises:
        ModelFileError: If the file has no differentiable form.
    """
    try:
        model = DifferentiableModel(loaded, dtype=torch.float32)
    except ModelFileError:
        model = DifferentiableModel(loaded, dtype=torch.float64)
    return WorstCase(model, loaded.card)
