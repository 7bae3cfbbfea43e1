# SPDX-License-Identifier: Apache-2.0
"""How long a model remembers: the steps until its output no longer depends on how it started."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ExportError
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.base import Model, ModelState
from lstm_dynamics_ros.learning.training.dataset import cut
import torch
from torch import Tensor

AGREEMENT = 0.01
"""Largest difference that counts as agreement, relative to the range of each output."""

LONGEST = 2000
"""Longest washout that is looked for [steps]."""

PAIRS = 16
"""Pairs of copies that are compared."""


@torch.no_grad()
def measure_washout(model: Model, runs: Sequence[Trajectory], *, seed: int = 0) -> int:
    """Return the steps until two copies with random pasts agree for good.

    Both copies of a pair get the same validation inputs. Their cells start from random states of
    the size the model really has, their delay lines from unrelated moments of the data. A forward
    model's output is taken as the predicted change, since the state it adds to is the same.

    Args:
        model: The model.
        runs: Validation data.
        seed: Seed of the random states.

    Raises:
        ExportError: If some copies still differ at the end: such a model never forgets.
    """
    generator = torch.Generator().manual_seed(seed)
    longest = max(len(run.observations) for run in runs)
    steps = min(longest, LONGEST)
    chosen = [i for i, run in enumerate(runs) if len(run.observations) >= steps]
    runs_of = [chosen[i % len(chosen)] for i in range(PAIRS)]
    starts = [_below(len(runs[i].observations) - steps + 1, generator) for i in runs_of]
    seen = cut(runs, runs_of, starts, steps).observations
    outputs = []
    for _ in range(2):
        state = _random_state(model, runs, generator)
        predictions, _ = model.sequence(seen, state)
        outputs.append(_change(model, predictions, seen))
    settled = outputs[0][steps // 2 :].flatten(0, 1)
    allowed = AGREEMENT * (settled.amax(0) - settled.amin(0))
    differs = ((outputs[0] - outputs[1]).abs() > allowed).any(-1)  # (T, pairs)
    late = torch.nonzero(differs.any(1)).flatten()
    washout = int(late[-1]) + 1 if len(late) else 0
    if washout > 0.9 * steps or not torch.isfinite(settled).all():
        raise ExportError(
            f'The model does not forget: two copies with random hidden states still differ by '
            f'more than {AGREEMENT:.0%} of the output range after {washout} of {steps} steps. '
            'Train longer, with more weight_decay, or give longer validation trajectories.'
        )
    return washout


def _below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (1,), generator=generator))


def _random_state(
    model: Model, runs: Sequence[Trajectory], generator: torch.Generator
) -> ModelState:
    """Return a random state for each pair."""
    steps = min(200, *(len(run.observations) for run in runs))
    picks = [_below(len(runs), generator) for _ in range(PAIRS)]
    starts = [_below(len(runs[i].observations) - steps + 1, generator) for i in picks]
    elsewhere = cut(runs, picks, starts, steps).observations
    _, real = model.sequence(elsewhere, model.zero_state(PAIRS))
    cell = tuple(torch.randn(part.shape, generator=generator) * _size(part) for part in real.cell)
    return real._replace(cell=cell)


def _size(part: Tensor) -> Tensor:
    """Return the root mean square of a state tensor, at least that of a lively cell."""
    return part.square().mean().sqrt().clamp_min(0.5)


def _change(model: Model, predictions: Tensor, seen: Tensor) -> Tensor:
    if not model.forward_kind:
        return predictions
    return predictions - seen[..., : model.n_targets]
