# SPDX-License-Identifier: Apache-2.0
"""Whether the score of novelty tells where errors are large: errors by decile of the score.

Each target is sorted by its own score and measured in units of its own RMSE, so that joints with
large errors do not decide. Forecasts of equal score share their mean square, as they would on
average if they were put in random order.
"""

from dataclasses import dataclass
from typing import Any

from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.scores.unseen_errors import UnseenErrors
import numpy as np

DECILES = 10


@dataclass(frozen=True, kw_only=True)
class NoveltyCheck:
    """Errors by decile of the score at one horizon, lowest scores first."""

    model_name: str
    horizon: int
    """Steps ahead; 0 of an inverse model."""
    mode: str
    """What forecasts know, see :mod:`.unseen_errors`."""
    members: int
    """Members of the model; a lone one is scored by its training ranges only."""
    targets: tuple[str, ...]
    """Names of the targets that err at all."""
    rms: Matrix
    """Root mean square error over that of the target, shape (10, n_targets)."""
    mean_absolute: Matrix
    """Mean absolute error over the RMSE of the target, shape (10, n_targets)."""
    together: Vector
    """Root mean square over all targets, by the score of all together, shape (10,)."""
    scores: Vector
    """Median score of all targets together in each decile, shape (10,)."""
    usual: float
    """Share of forecasts whose score of all targets together is below 2."""
    forecasts: int
    diverged: int
    """Forecasts that are not finite; they are in none of the deciles."""

    @property
    def ratio(self) -> float:
        """RMS error in the top decile over the bottom one, all targets alike."""
        return _ratio(np.sqrt(np.mean(self.rms**2, axis=1)))

    @property
    def ratio_absolute(self) -> float:
        """The same of the mean absolute error."""
        return _ratio(self.mean_absolute.mean(axis=1))

    @property
    def ratio_together(self) -> float:
        """RMS error in the top over the bottom decile of the one score of all targets."""
        return _ratio(self.together)

    @property
    def ratios(self) -> Vector:
        """RMS error in the top decile over the bottom one of each target, shape (n_targets,)."""
        return np.array([_ratio(column) for column in self.rms.T])

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        found: dict[str, object] = {
            'ratio': self.ratio,
            'ratio_mean_absolute': self.ratio_absolute,
            'ratio_of_the_one_score': self.ratio_together,
            'horizon': self.horizon,
            'mode': self.mode,
            'members': self.members,
            'forecasts': self.forecasts,
            'diverged': self.diverged,
            'share_below_2': self.usual,
            'median_scores': self.scores,
            'rms_by_decile': np.sqrt(np.mean(self.rms**2, axis=1)),
            'mean_absolute_by_decile': self.mean_absolute.mean(axis=1),
            'rms_by_decile_of_the_one_score': self.together,
            'ratio_by_target': dict(zip(self.targets, self.ratios, strict=True)),
        }
        return to_plain(found)

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [
            f'Error by decile of novelty of {self.model_name}, {self.forecasts} forecasts '
            f'{self.horizon} steps ahead, {self.mode.replace("_", " ")}; in units of the RMSE',
            'median score ' + ''.join(f'{value:7.2f}' for value in self.scores),
            'RMS          ' + ''.join(f'{v:7.2f}' for v in np.sqrt(np.mean(self.rms**2, axis=1))),
            'mean absolute' + ''.join(f'{v:7.2f}' for v in self.mean_absolute.mean(axis=1)),
            f'top over bottom decile: {self.ratio:.2f} RMS, {self.ratio_absolute:.2f} mean '
            f'absolute; of the one score of all targets {self.ratio_together:.2f} RMS',
        ]
        if self.members == 1:
            lines.append('a lone model: only the training ranges count')
        if self.diverged:
            lines.append(f'{self.diverged} more forecasts diverged and are left out')
        return '\n'.join(lines)


def novelty_check(unseen: UnseenErrors, *, horizon: int | None = None) -> NoveltyCheck:
    """Sort the errors of a model by how unusual it found the moment.

    Args:
        unseen: Errors of the model on recordings it was not trained on.
        horizon: Which of its horizons [steps]; the last one by default.
    """
    card = unseen.card
    horizon = max(unseen.by_horizon) if horizon is None else horizon
    everything = unseen.pooled(horizon)
    finite = np.isfinite(everything.errors).all(axis=1) & np.isfinite(everything.overall)
    errors, scores = everything.errors[finite], everything.scores[finite]
    overall = everything.overall[finite]
    rmse = np.sqrt(np.mean(np.square(errors), axis=0))
    errs = rmse > 0
    sizes = np.abs(errors[:, errs]) / rmse[errs]
    pairs = list(zip(sizes.T, scores[:, errs].T, strict=True))
    squares = np.mean(np.square(sizes), axis=1)
    order = np.sort(overall)
    return NoveltyCheck(
        model_name=card.name,
        horizon=horizon,
        mode=unseen.mode,
        members=card.members,
        targets=tuple(s.name for s, err in zip(card.targets, errs, strict=True) if err),
        rms=np.sqrt(np.array([by_decile(size**2, score) for size, score in pairs]).T),
        mean_absolute=np.array([by_decile(size, score) for size, score in pairs]).T,
        together=np.sqrt(by_decile(squares, overall)),
        scores=np.array([np.median(part) for part in np.array_split(order, DECILES)]),
        usual=float(np.mean(overall < 2.0)),
        forecasts=len(overall),
        diverged=int(np.count_nonzero(~finite)),
    )


def by_decile(values: Vector, scores: Vector) -> Vector:
    """Return the mean of values in each tenth of their scores, lowest first, shape (10,).

    Values of equal score are replaced by their mean, so that their order does not matter.
    """
    _, group = np.unique(scores, return_inverse=True)
    level = np.bincount(group, values) / np.bincount(group)
    rising = level[np.sort(group)]
    return np.array([part.mean() for part in np.array_split(rising, DECILES)])


def _ratio(deciles: Vector) -> float:
    """Return the last of some values over the first; infinite over zero."""
    return float(deciles[-1] / deciles[0]) if deciles[0] > 0 else float('inf')
