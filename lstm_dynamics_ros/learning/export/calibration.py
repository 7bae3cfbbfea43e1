# SPDX-License-Identifier: Apache-2.0
"""Calibration: errors of a model beside those of persistence, and error bands, for its card.

Everything is measured on blocks of consecutive steps of held-out trajectories: of each member of
an ensemble on those that it did not see, which is a cross-validation over all of them.

``conformal`` bands are split-conformal quantiles. Samples of one trajectory are not exchangeable,
so the score is the largest error of a whole block: with probability 1 - miss rate, a new block of
the same length stays wholly within the band. Source: V. Vovk, A. Gammerman, G. Shafer,
"Algorithmic learning in a random world", 2005, ch. 4 (inductive conformal prediction).

``bounds`` are for single moments: a random moment of a new block stays within them with
probability 1 - miss rate; :mod:`.bounds` makes them. They follow novelty as far as the errors do.
"""

from collections.abc import Iterator, Sequence
import math
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.export.block_novelty import BlockNovelty
from lstm_dynamics_ros.learning.export.bounds import (
    growth,
    novelty_weights,
    pooled_quantile,
    widening,
)
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.dataset import cut, WindowBatch
from lstm_dynamics_ros.learning.training.losses import run_windows
import torch
from torch import Tensor

HORIZONS = (1, 5, 10, 20, 50, 100)
"""Horizons of the card [steps]; those that the held-out trajectories are too short for are left
out."""

FAR_HORIZONS = (200, 400)
"""Horizons of models whose free runs in training were longer than that."""

MISS_RATES = (0.1, 0.01)
"""Miss rates of the bands."""

BLOCK = 200
"""Length of a block [steps]."""

STRIDE = 5
"""Distance between the moments of a block that are looked at [steps]."""

_BATCH = 16

Table = dict[str, dict[str, dict[str, list[float]]]]
"""Values per joint by three names, as in :class:`~lstm_dynamics_ros.core.card.ModelCard`."""


Part = tuple[Model, Sequence[Trajectory]]
"""A model and trajectories that it did not see."""

BOUND_RATES = (0.5, 0.2, 0.1, 0.05, 0.01)
"""Miss rates of the bounds."""


class Calibration(NamedTuple):
    """Entries of the card about errors."""

    errors: Table
    """RMSE: errors[horizon][kind][predictor]; predictors ``model``, ``persistence`` and, where
    effort is predicted, ``model_causal``, which knows no effort after the start."""
    conformal: Table
    """Half-width of the band: conformal[miss rate][horizon][kind]. A miss rate for which there
    are too few blocks is left out."""
    bounds: Table
    """Half-width of the bounds of single moments, of usual novelty if there are weights of it:
    bounds[miss rate][horizon][kind]."""
    novelty_weights: dict[str, dict[str, tuple[float, float]]]
    """How much they follow novelty: novelty_weights[horizon][kind]."""
    blocks: int
    """Number of blocks."""
    mode: str
    """What the bands are of: ``causal`` or ``known`` effort after the start."""


class _Squares(NamedTuple):
    """Squared errors on a batch of blocks, each of shape (horizons, moments, N, D)."""

    model: Tensor
    causal: Tensor
    persistence: Tensor


class _Measured(NamedTuple):
    """Squared errors on all blocks, and which of them are alike."""

    squares: _Squares
    horizons: tuple[int, ...]
    groups: list[int]
    """Number of the group of each block: of blocks that are alike, shape (blocks,)."""
    trajectories: list[str]
    """Name of the trajectory of each block, shape (blocks,)."""
    excess: Tensor | None
    """Both signs of novelty, shape (horizons, moments, blocks, 2, D), if it was asked for."""


@torch.no_grad()
def calibrate(
    parts: Sequence[Part],
    settings: TrainingSettings,
    *,
    burn_in: int,
    novelty: BlockNovelty | None = None,
) -> Calibration:
    """Measure errors, bands and bounds on held-out trajectories.

    Args:
        parts: Each model with the trajectories it did not see.
        settings: What the models are.
        burn_in: Steps a model runs before it is looked at.
        novelty: Says how unusual all members find a block of each part; without it bounds do not
            follow novelty.

    Raises:
        TooShortError: If no trajectory holds a block.
    """
    feeds_back = parts[0][0].forward_kind and 'effort' in settings.targets
    measured = _measure(parts, settings, burn_in, novelty)
    squares, horizons = measured.squares, measured.horizons
    tables: tuple[Table, Table] = ({}, {})
    banded = squares.causal if feeds_back else squares.model
    moments, blocks = banded.sqrt(), banded.amax(1).sqrt()  # (..., D), (horizons, blocks, D)
    for i, horizon in enumerate(horizons):
        for kind, columns in _columns(settings.targets, parts[0][0].n_joints):
            entry = {
                'model': _rmse(squares.model[i, ..., columns]),
                'persistence': _rmse(squares.persistence[i, ..., columns]),
            }
            if feeds_back:
                entry['model_causal'] = _rmse(squares.causal[i, ..., columns])
            tables[0].setdefault(str(horizon), {})[kind] = entry
            for rate in MISS_RATES:
                half = conformal_quantile(blocks[i, :, columns], rate)
                _enter(tables[1], rate, horizon, kind, half)
    bounds, weights = _bounds(moments, measured, _columns(settings.targets, parts[0][0].n_joints))
    mode = 'causal' if feeds_back else 'known'
    return Calibration(*tables, bounds, weights, blocks.shape[1], mode)


def _bounds(
    moments: Tensor, measured: _Measured, kinds: Sequence[tuple[str, slice]]
) -> tuple[Table, dict[str, dict[str, tuple[float, float]]]]:
    """Return the bounds of single moments, and how much they follow novelty."""
    bounds: Table = {}
    weights: dict[str, dict[str, tuple[float, float]]] = {}
    for i, horizon in enumerate(measured.horizons):
        units = moments[i].clone()
        for kind, columns in kinds:
            if measured.excess is None:
                continue
            excess = measured.excess[i, ..., columns]
            found = novelty_weights(
                units[..., columns], excess, measured.trajectories, MISS_RATES[0]
            )
            units[..., columns] /= growth(excess, found)
            weights.setdefault(str(horizon), {})[kind] = found
        for rate in BOUND_RATES:
            wider = widening(units, measured.groups, rate)
            for kind, columns in kinds:
                half = pooled_quantile(units[..., columns], rate)
                _enter(bounds, rate, horizon, kind, None if half is None else half * wider)
    return bounds, weights


def _measure(
    parts: Sequence[Part],
    settings: TrainingSettings,
    burn_in: int,
    novelty: BlockNovelty | None,
) -> _Measured:
    """Return the squared errors on all blocks that the trajectories hold."""
    longest = max(len(run.observations) for _, runs in parts for run in runs)
    horizons: tuple[int, ...] = (0,)
    if parts[0][0].forward_kind:
        far = (h for h in FAR_HORIZONS if h < settings.horizon)
        known = sorted({*HORIZONS, *far, settings.horizon} - {0})
        horizons = tuple(h for h in known if burn_in + h < longest) or HORIZONS[:1]
    block = min(BLOCK, longest - burn_in - horizons[-1])
    squares: list[_Squares] = []
    excess: list[Tensor] = []
    groups: list[int] = []
    trajectories: list[str] = []
    for part, (own, runs) in enumerate(parts):
        for windows in _batches(runs, burn_in, block, horizons[-1]):
            squares.append(_squares(own, windows, burn_in, horizons))
            if novelty is not None:
                starts = _starts(windows, burn_in, horizons[-1])
                excess.append(novelty.excess(part, windows, starts, horizons))
            trajectories.extend(runs[i].name for i in windows.runs.tolist())
            # What one member does not see is seen by all others; of a lone member a trajectory is.
            alike = windows.runs.tolist() if len(parts) == 1 else [part] * len(windows.runs)
            groups.extend(alike)
    if not squares:
        raise TooShortError(longest * settings.dt, (burn_in + horizons[-1] + 1) * settings.dt)
    whole = _Squares(*(torch.cat(piece, 2) for piece in zip(*squares, strict=True)))
    joined = torch.cat(excess, 2) if excess else None
    return _Measured(whole, horizons, groups, trajectories, joined)


def _columns(kinds: Sequence[str], n_joints: int) -> list[tuple[str, slice]]:
    """Return the columns of each kind of target."""
    return [(kind, slice(k * n_joints, (k + 1) * n_joints)) for k, kind in enumerate(kinds)]


def _enter(table: Table, rate: float, horizon: int, kind: str, width: Tensor | None) -> None:
    """Enter half-widths into a table; a miss rate without any is left out."""
    if width is not None:
        table.setdefault(str(rate), {}).setdefault(str(horizon), {})[kind] = width.tolist()


def conformal_quantile(scores: Tensor, miss_rate: float) -> Tensor | None:
    """Return the split-conformal quantile of each column, shape (m, n) to (n,).

    The ceil((m + 1) (1 - miss_rate))-th smallest of m scores; None when m is too small for it.
    """
    rank = math.ceil((len(scores) + 1) * (1 - miss_rate) - 1e-9)
    if rank > len(scores):
        return None
    return scores.sort(0).values[rank - 1]


def _rmse(squares: Tensor) -> list[float]:
    return [float(value) for value in squares.double().mean((0, 1)).sqrt()]


def _batches(
    runs: Sequence[Trajectory], burn_in: int, block: int, reach: int
) -> Iterator[WindowBatch]:
    """Yield blocks with the burn-in before and the horizon after; blocks do not overlap."""
    steps = burn_in + block + reach
    if block <= 0:
        return
    chosen = [
        (i, start)
        for i, run in enumerate(runs)
        for start in range(0, len(run.observations) - steps + 1, block)
    ]
    for first in range(0, len(chosen), _BATCH):
        part = chosen[first : first + _BATCH]
        yield cut(runs, [i for i, _ in part], [s for _, s in part], steps)


def _starts(windows: WindowBatch, burn_in: int, reach: int) -> list[int]:
    """Return the moments of a block that are looked at: of models that look ahead every fifth."""
    if not reach:
        return list(range(burn_in, len(windows.observations)))
    return list(range(burn_in - 1, len(windows.observations) - reach, STRIDE))


def _squares(
    model: Model, windows: WindowBatch, burn_in: int, horizons: Sequence[int]
) -> _Squares:
    """Return the squared errors of the model and of persistence on a batch of blocks."""
    n = len(windows.runs)
    reach = horizons[-1]
    if not reach:
        one = run_windows(model, windows, burn_in=burn_in, horizon=0, starts=()).one_step[None]
        goals = windows.targets
        before = (goals[burn_in:] - goals[burn_in - 1 : -1]).square()[None]
        return _Squares(one, one, before)
    starts = _starts(windows, burn_in, reach)
    pick = torch.tensor(horizons) - 1
    # Without an effort of its own, a model knows the same in both modes.
    modes = (False, True) if model.n_targets > 2 * model.n_joints else (False,)
    results = []
    for causal in modes:
        mask = torch.full((len(starts) * n, 1), causal)
        runs = run_windows(
            model, windows, burn_in=burn_in - 1, horizon=reach, starts=starts, causal=mask
        )
        if runs.free is not None:
            results.append(runs.free[pick].reshape(len(horizons), len(starts), n, -1))
    at = torch.tensor(starts)
    now = windows.observations[at, :, : model.n_targets]
    still = [model.error(now, windows.targets[at + h]).square() for h in horizons]
    return _Squares(results[0], results[-1], torch.stack(still))
