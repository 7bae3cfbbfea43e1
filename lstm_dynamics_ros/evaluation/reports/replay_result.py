# SPDX-License-Identifier: Apache-2.0
"""Result of a replay: measured and predicted, row for row, ready to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.evaluation.metrics import short_error
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """A recording as one model saw it. Matrices have shape (n, n_joints)."""

    card: ModelCard
    model_file: str
    model_sha256: str
    recording: str
    """Name of the recording."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else is known of the recording, shown as it is."""
    stamp_ns: Stamps
    """Grid points [ns], shape (n,), rising."""
    position: Matrix
    velocity: Matrix
    effort: Matrix
    predicted: Mapping[str, Mapping[int, Matrix]]
    """predicted[kind][horizon]: predictions of each stamp, made ``horizon`` steps before it; NaN
    where there is none. Inverse models: predicted['effort'][0]."""
    warm: NDArray[np.bool_]
    """Whether the model was warm at each stamp, shape (n,)."""
    scores: tuple[Scores, ...] = ()
    """Beside the baselines, one entry per mode."""
    inverse: ProtocolResult | None = None
    """Scores of an inverse model."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """How often something irregular happened."""
    warnings: tuple[str, ...] = ()
    """What a reader must know, one sentence each."""

    def __post_init__(self) -> None:
        shape = (len(self.stamp_ns), self.card.n_joints)
        for kind in ('position', 'velocity', 'effort'):
            _check(kind, shape, getattr(self, kind))
            for horizon, rows in self.predicted.get(kind, {}).items():
                _check(f'{kind} predicted {horizon} steps ahead', shape, rows)
        if self.warm.shape != shape[:1]:
            raise ShapeError('warm', shape[:1], self.warm.shape)

    @property
    def time(self) -> Vector:
        """Time since the first stamp [s], shape (n,)."""
        seconds: Vector = (self.stamp_ns - self.stamp_ns[0]) / NANOSECONDS
        return seconds

    @property
    def duration(self) -> float:
        """Time from the first stamp to the last [s]."""
        return float(self.time[-1]) if len(self.stamp_ns) else 0.0

    def error(self, kind: str, horizon: int) -> Matrix:
        """Return predicted minus measured; NaN where either is missing or the model was cold.

        The position of a continuous joint is compared the short way round.
        """
        difference = self.predicted[kind][horizon] - getattr(self, kind)
        error = short_error(kind, difference, self.card.joint_types)
        return np.where(self.warm[:, None], error, np.nan)


def for_stamps(
    stamp_ns: Stamps, trajectories: NDArray[np.floating], horizons: Sequence[int], dt_ns: int
) -> dict[int, Matrix]:
    """Sort predictions by the stamp they are for instead of the stamp they were made at.

    Args:
        stamp_ns: Stamps they were made at [ns], rising, shape (n,).
        trajectories: Predictions made at each of them for 1, 2, ... K steps ahead, shape
            (n, K, n_joints).
        horizons: Which of them are wanted [steps], each within 1 ... K.
        dt_ns: Step [ns].

    Returns:
        By horizon, shape (n, n_joints); NaN where no prediction was made for a stamp.
    """
    out = {}
    for horizon in horizons:
        origin = np.searchsorted(stamp_ns, stamp_ns - horizon * dt_ns)
        there = stamp_ns[origin] == stamp_ns - horizon * dt_ns
        rows = np.asarray(trajectories[origin, horizon - 1], dtype=np.float64)
        out[horizon] = np.where(there[:, None], rows, np.nan)
    return out


def _check(what: str, expected: tuple[int, ...], value: Matrix) -> None:
    if value.shape != expected:
        raise ShapeError(what, expected, value.shape)
