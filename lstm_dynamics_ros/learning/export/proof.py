# SPDX-License-Identifier: Apache-2.0
"""The proof that a model file computes what the trained model computes.

Both run side by side on validation data for 500 steps, each with its own hidden state from
beginning to end: once with every input measured, then in a free run whose inputs are the trained
model's predictions. Then they run apart, each on its own predictions. Apart, a single last bit of
a float32 position becomes a velocity error of two last bits per dt, and a robot that is not
stable by itself amplifies it further, on any machine. So apart they are held to the larger of the
same bound and of a few times what such bits make of the trained model alone.

A torque observer knows its own prediction by its bits, so one that is fed the other side's takes
it for a measurement. It is run teacher-forced and apart only; what last bits make of it is told
by those of the efforts, since nothing else is fed back as a number.
"""

from collections.abc import Sequence
from typing import NamedTuple

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
    file = OnnxStep(loaded, rows.shape[1])
    measured = _torch_run(step, rows, free=False)
    size = measured.flatten(0, 1).double()
    size = (size.amax(0) - size.amin(0)).clamp_min(1e-9)
    forced = _difference(measured, _file_run(step, file, rows, None), size)
    if not step.model.forward_kind:
        return Proof(forced, 0.0, 0.0, 0.0)
    free = _torch_run(step, rows, free=True)
    nudged = _torch_run(step, rows, free=True, nudge=True)
    return Proof(
        forced,
        0.0 if step.knows_itself else _difference(free, _file_run(step, file, rows, free), size),
        _difference(free, _file_run(step, file, rows, None, apart=True), size),
        _difference(free, nudged, size),
    )


def _torch_run(step: PackedStep, rows: Tensor, *, free: bool, nudge: bool = False) -> Tensor:
    """Return the trained model's predictions, shape (T, N, D)."""
    state: Sequence[Tensor] = step.zero_state(rows.shape[1])
    predictions: list[Tensor] = []
    for i, row in enumerate(rows):
        seen = row
        if free and predictions:
            before = predictions[-1]
            if nudge and step.knows_itself:
                row = _nudged(row, i)  # noqa: PLW2901
            elif nudge:
                before = _nudged(before, i)
            seen = _fed(step, row, before)
        prediction, *after = step(seen, *state)
        state = after
        predictions.append(prediction)
    return torch.stack(predictions)


def _nudged(values: Tensor, step: int) -> Tensor:
    """Return values with the last bit changed, up and down by turns."""
    return torch.nextafter(values, torch.full_like(values, (-1.0) ** step * 1e30))


def _file_run(
    step: PackedStep, file: OnnxStep, rows: Tensor, fed: Tensor | None, *, apart: bool = False
) -> Tensor:
    """Return the model file's predictions, shape (T, N, D).

    Args:
        step: Says what is fed back.
        file: The model file.
        rows: Measured observations, shape (T, N, F).
        fed: Predictions to feed back, shape (T, N, D); None for none.
        apart: Feed back its own predictions.
    """
    file.reset()
    predictions: list[Tensor] = []
    for i, row in enumerate(rows):
        seen = row
        if i and apart:
            seen = _fed(step, row, predictions[-1])
        elif i and fed is not None:
            seen = _fed(step, row, fed[i - 1])
        file.obs[:] = seen.numpy()
        predictions.append(torch.from_numpy(file.step().copy()))
    return torch.stack(predictions)


def _fed(step: PackedStep, row: Tensor, prediction: Tensor) -> Tensor:
    """Return the observation whose motion is a prediction."""
    motion = min(step.model.n_targets, 2 * step.model.n_joints)
    return torch.cat([prediction[:, :motion], row[:, motion:]], 1)


def _difference(ours: Tensor, theirs: Tensor, size: Tensor) -> float:
    """Return the largest difference of any output, relative to its range."""
    relative = ((theirs.double() - ours.double()).abs() / size).max()
    return float(relative.nan_to_num(1e30))
