# SPDX-License-Identifier: Apache-2.0
"""Which inputs, and how far back, an output depends on: exact Jacobians over time.

``J(t, k) = d output(t) / d input(t - k)`` by automatic differentiation through all k steps, the
hidden state included, at many moments of a recording.
"""

from lstm_dynamics_ros.core.progress import no_progress, part_of, Progress
from lstm_dynamics_ros.learning.interpretation.differentiable import (
    DifferentiableModel,
    Outputs,
    State,
)
from lstm_dynamics_ros.learning.interpretation.explanation import Array, Influence
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
import numpy as np
import torch
from torch import Tensor

LARGEST_GRAPH = 24_000
"""Rows times steps that are differentiated at once; bounds the memory to about 1 GB."""


def output_gradients(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Tensor,
    state: State,
    progress: Progress = no_progress,
) -> Tensor:
    """Differentiate the last output of each sequence by all its inputs.

    Args:
        model: The model.
        output: What is differentiated.
        observations: Sequences, shape (T, N, F).
        state: State before the first step.
        progress: Called after each output.

    Returns:
        Gradients, shape (D, T, N, F).
    """
    variable = observations.detach().requires_grad_()
    now = tuple(state)
    outputs: Outputs = {}
    for row in variable:
        outputs, now = model.step(row, now)
    last = output(outputs['prediction'], variable[-1])
    gradients = []
    for number in range(last.shape[1]):
        (gradient,) = torch.autograd.grad(last[:, number].sum(), variable, retain_graph=True)
        gradients.append(gradient)
        progress(number + 1, last.shape[1], '')
    return torch.stack(gradients)


def measure_influence(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    before: int,
    spread: Array,
    progress: Progress = no_progress,
) -> Influence:
    """Average the Jacobians of many moments.

    Args:
        model: The model.
        output: Outputs that are explained.
        observations: One stretch per moment, which is its last row, shape (T, N, F).
        before: Rows at the start of each that only warm the hidden state up.
        spread: Standard deviation of each output, shape (D,).
        progress: Called after each output.
    """
    steps, count, features = observations.shape
    deviation = observations.reshape(-1, features).std(0)
    size = max(1, LARGEST_GRAPH // (steps - before))
    chunks = [slice(first, first + size) for first in range(0, count, size)]
    total: Array = np.zeros(())
    for number, rows in enumerate(chunks):
        stretch = model.tensor(observations[:, rows])
        with torch.no_grad():
            state = model.zero_state(stretch.shape[1])
            for row in stretch[:before]:
                _, state = model.step(row, state)

        part = part_of(progress, number, len(chunks))
        gradients = output_gradients(model, output, stretch[before:], state, part)
        total = total + (gradients**2).sum(2).numpy()
    rms = np.sqrt(total / count)[:, ::-1]  # newest first
    return Influence(jacobian=rms * deviation / spread[:, None, None], moments=count)
