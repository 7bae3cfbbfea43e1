# SPDX-License-Identifier: Apache-2.0
"""The proof that a model file computes what the trained model computes.

Both run side by side on validation data for 500 steps, each with its own hidden state from
beginning to end: once with every input measured, then in a free run whose inputs are the trained
model's predictions. Then they run apart, each on its own predictions. Apart, a single last bit of
a float32 position becomes a velocity error of two last bits per dt, and a robot that is not
stable by itself amplifies it further, on any machine. So apart they are held to the larger of the
same bound and of a few times what such bits make of the trained model alone.

A torque observer knows its own prediction by its bits, so one that is fed the other side's takes
it for a measurement. It is run teacher-forced and apart only; what last bits make of it is found
with those of the efforts, since nothing else is fed back as a number.
"""

from collections.abc import Callable
from typing import cast, NamedTuple

from lstm_dynamics_ros.core.errors import ExportError
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import torch
from torch import Tensor

STEPS = 500
"""Length of the compared runs [steps]."""

LARGEST = 1e-5
"""Largest allowed difference, relative to the range of each output."""

ROUNDING = 3.0
"""How many times as far apart two runs may be as one pattern of last bits makes them: the sides
differ by other bits, and which of them are amplified more is chance."""

BATCHES = (1, 3)
"""Numbers of rows that are stepped together."""


Advance = Callable[[Tensor], Tensor]
"""Takes the observation of a step, shape (N, F), and returns the prediction, shape (N, D)."""


class Proof(NamedTuple):
    """Largest differences, relative to the range of each output.

    A model that predicts nothing of its own input has no free run: those are zero. A torque
    observer has no free run on another's predictions: ``free_run`` is zero.
    """

    teacher_forced: float
    """Every input measured."""
    free_run: float
    """Motion fed back from the trained model to both sides, efforts measured."""
    free_run_apart: float
    """Each side lives on its own predictions."""
    rounding_apart: float
    """The trained model alone, against itself with the last bit of each fed-back value changed."""


@torch.no_grad()
def prove(step: PackedStep, loaded: LoadedModel, observations: Tensor) -> Proof:
    """Run the trained model and the model file side by side.

    Args:
        step: The trained model.
        loaded: The model file.
        observations: Validation data, shape (STEPS, at least 3, F).

    Raises:
        ExportError: If an output differs by more than it may.
    """
    proofs = [_compare(step, loaded, observations[:, :batch]) for batch in BATCHES]
    worst = Proof(*(max(figures) for figures in zip(*proofs, strict=True)))
    apart = max(LARGEST, ROUNDING * worst.rounding_apart)
    together = max(worst.teacher_forced, worst.free_run)
    if not (together <= LARGEST and worst.free_run_apart <= apart):
        raise ExportError(
            f'torch and onnxruntime disagree over {STEPS} steps. Largest difference relative to '
            f'the output range: teacher-forced {worst.teacher_forced:.2e}, free run '
            f'{worst.free_run:.2e} (allowed {LARGEST:.0e}), free run apart '
            f'{worst.free_run_apart:.2e} (allowed {apart:.1e}). Nothing was written.'
        )
    return worst


def _compare(step: PackedStep, loaded: LoadedModel, rows: Tensor) -> Proof:
    """Return the largest differences for one batch size."""
    n = rows.shape[1]
    file = OnnxStep(loaded, n)
    measured = _run(step, _of_torch(step, n), rows)
    size = measured.flatten(0, 1).double()
    size = (size.amax(0) - size.amin(0)).clamp_min(1e-9)
    forced = _difference(measured, _run(step, _of_file(file), rows), size)
    if not step.model.forward_kind:
        return Proof(forced, 0.0, 0.0, 0.0)
    free = _run(step, _of_torch(step, n), rows, free=True)
    nudged = _run(step, _of_torch(step, n), rows, free=True, nudge=True)
    together = free if step.knows_itself else _run(step, _of_file(file), rows, fed=free)
    apart = _run(step, _of_file(file), rows, free=True)
    return Proof(forced, *(_difference(free, other, size) for other in (together, apart, nudged)))


def _of_torch(step: PackedStep, rows: int) -> Advance:
    """Return the trained model as one that takes an observation and returns its prediction."""
    state: list[Tensor] = list(step.zero_state(rows))

    def advance(seen: Tensor) -> Tensor:
        prediction, *state[:] = step(seen, *state)
        return cast('Tensor', prediction)

    return advance


def _of_file(file: OnnxStep) -> Advance:
    """Return the model file as one that takes an observation and returns its prediction."""
    file.reset()

    def advance(seen: Tensor) -> Tensor:
        file.obs[:] = seen.numpy()
        return torch.from_numpy(file.step().copy())

    return advance


def _run(
    step: PackedStep,
    advance: Advance,
    rows: Tensor,
    *,
    fed: Tensor | None = None,
    free: bool = False,
    nudge: bool = False,
) -> Tensor:
    """Return the predictions of either side, shape (T, N, D).

    Args:
        step: Decides what is fed back.
        advance: The side.
        rows: Measured observations, shape (T, N, F).
        fed: Predictions to feed back, shape (T, N, D).
        free: Feed back its own predictions.
        nudge: Change the last bit of what is fed back.
    """
    predictions: list[Tensor] = []
    for i, measured in enumerate(rows):
        row, before = measured, None if fed is None or not i else fed[i - 1]
        if free and predictions:
            before = predictions[-1]
            if nudge and step.knows_itself:
                row = _nudged(row, i)
            elif nudge:
                before = _nudged(before, i)
        predictions.append(advance(row if before is None else _fed(step, row, before)))
    return torch.stack(predictions)


def _nudged(values: Tensor, step: int) -> Tensor:
    """Return values with the last bit changed, up and down by turns."""
    return torch.nextafter(values, torch.full_like(values, (-1.0) ** step * 1e30))


def _fed(step: PackedStep, row: Tensor, prediction: Tensor) -> Tensor:
    """Return the observation whose motion is a prediction."""
    motion = min(step.model.n_targets, 2 * step.model.n_joints)
    return torch.cat([prediction[:, :motion], row[:, motion:]], 1)


def _difference(ours: Tensor, theirs: Tensor, size: Tensor) -> float:
    """Return the largest difference of any output, relative to its range."""
    relative = ((theirs.double() - ours.double()).abs() / size).max()
    return float(relative.nan_to_num(1e30))
