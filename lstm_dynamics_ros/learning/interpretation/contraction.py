# SPDX-License-Identifier: Apache-2.0
"""How fast a model forgets how it started: copies from random hidden states, same inputs.

As :mod:`~lstm_dynamics_ros.learning.export.washout` measures it at export, but from the model file
and on any recording. Which entries of the state tensors belong to recurrent cells is read off the
graph: those the cells' states depend on. The others hold past observations (a delay line); they
come from an unrelated moment of the recording.
"""

from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel, State
from lstm_dynamics_ros.learning.interpretation.explanation import Array, Contraction
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
import numpy as np
import torch
from torch import Tensor

AGREEMENT = 0.01
"""Largest difference that counts as agreement, relative to the range of each output."""


def measure_contraction(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    elsewhere: Array,
    *,
    seed: int = 0,
) -> Contraction:
    """Run two copies of the model from random states over each stretch.

    Args:
        model: The model.
        output: Outputs that are compared.
        observations: Stretches, shape (T, N, F).
        elsewhere: Stretches of other moments, shape (T', N, F): where the copies come from.
        seed: Seed of the random states.
    """
    generator = torch.Generator().manual_seed(seed)
    rows, other = model.tensor(observations), model.tensor(elsewhere)
    masks = cell_entries(model, other[0])
    both = []
    with torch.no_grad():
        for copy in range(2):
            past = other.flip(1) if copy else other
            _, real = model.sequence(past, model.zero_state(past.shape[1]))
            state = _shaken(real, masks, generator)
            outputs = []
            for row in rows:
                step, state = model.step(row, state)
                outputs.append(output(step['prediction'], row))
            both.append(torch.stack(outputs))
    settled = both[0][len(rows) // 2 :].flatten(0, 1)
    extent = (settled.amax(0) - settled.amin(0)).clamp_min(1e-12)
    difference = ((both[0] - both[1]).abs() / extent).amax(-1).numpy()  # (T, N)
    late = np.flatnonzero((difference > AGREEMENT).any(1))
    return Contraction(
        typical=np.median(difference, 1),
        worst=difference.max(1),
        steps=int(late[-1]) + 1 if len(late) else 0,
    )


def cell_entries(model: DifferentiableModel, observation: Tensor) -> tuple[Tensor, ...]:
    """Return which entries of each state tensor recurrent nodes read as their state, (L, 1, H)."""
    state = tuple(part.requires_grad_() for part in model.zero_state(len(observation)))
    _, _, inside = model.observed_step(observation, state)
    masks = [torch.zeros_like(part[:, :1], dtype=torch.bool) for part in state]
    for activity in inside:
        if activity.before.requires_grad:
            gradients = torch.autograd.grad(
                activity.before.sum(), state, retain_graph=True, allow_unused=True
            )
            for number, gradient in enumerate(gradients):
                if gradient is not None:
                    masks[number] |= (gradient != 0).any(1, keepdim=True)
    return tuple(masks)


def _shaken(real: State, masks: tuple[Tensor, ...], generator: torch.Generator) -> State:
    """Return states with random entries of a usual size where the cells read."""
    shaken = []
    for part, mask in zip(real, masks, strict=True):
        used = part[mask.expand_as(part)]
        size = used.square().mean().sqrt().clamp_min(0.5) if len(used) else torch.ones(())
        noise = torch.randn(part.shape, generator=generator, dtype=part.dtype) * size
        shaken.append(torch.where(mask, noise, part))
    return tuple(shaken)
