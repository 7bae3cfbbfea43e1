# SPDX-License-Identifier: Apache-2.0
"""What was measured of joints: in figures, and at equal steps without noise."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.data.quality.check_timing import step
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.signals.time_grid import wrap
import numpy as np

SMOOTHING = 0.04
"""Half width of the zero-phase filter of all signals [s], acceleration included."""

PIECE = 50_000
"""Rows that are worked on at a time."""


@dataclass(frozen=True, kw_only=True)
class JointSummary:
    """What was measured of one joint, over all recordings. NaN where nothing was."""

    name: str
    type: str
    position_min: float
    """Lowest position [rad] or [m]."""
    position_max: float
    """Highest position [rad] or [m]."""
    velocity_max: float
    """Highest speed [rad/s] or [m/s]; derived from the position where none was measured."""
    effort_min: float
    """Lowest effort [N m] or [N]."""
    effort_max: float
    """Highest effort [N m] or [N]."""
    effort_std: float
    """Standard deviation of the effort [N m] or [N]."""
    moving: float
    """Share of the time that it moved faster than 2 % of its highest speed."""
    reversals: int
    """How often it turned back."""
    missing: dict[str, float]
    """Share of missing values, by kind."""
    saturated: float
    """Share of the time that the effort stood at exactly its lowest or highest value."""
    velocity_factor: float
    """Change of position over what the velocity adds up to; 1 if they fit."""
    velocity_fit: float
    """Correlation of the two."""
    repeated: float
    """Share of measurements that repeat the position before them while the joint moves."""

    @property
    def range(self) -> float:
        """Distance between lowest and highest position [rad] or [m]."""
        return self.position_max - self.position_min


def summarise(recordings: Sequence[Recording], j: int) -> JointSummary:
    """Return what was measured of joint ``j``, over all recordings."""
    kind = recordings[0].joint_types[j]
    signals = {k: np.concatenate([getattr(r, k)[:, j] for r in recordings]) for k in KINDS}
    speeds = [speed(recording, j) for recording in recordings]
    top = max((float(np.nanmax(np.abs(s))) for s in speeds if np.isfinite(s).any()), default=0.0)
    moving = np.concatenate([np.abs(s) > 0.02 * top for s in speeds]) if top else np.zeros(1, bool)
    repeats = [np.diff(r.position[:, j]) == 0 for r in recordings]
    while_moving = [(np.abs(s) > 0.2 * top)[1:] for s in speeds]
    repeated = np.concatenate([a[b] for a, b in zip(repeats, while_moving, strict=True)])
    factor, fit = _velocity_fit(recordings, j, kind)
    effort = signals['effort'][np.isfinite(signals['effort'])]
    return JointSummary(
        name=recordings[0].joint_names[j],
        type=kind,
        position_min=_over(np.min, signals['position']),
        position_max=_over(np.max, signals['position']),
        velocity_max=top,
        effort_min=_over(np.min, effort),
        effort_max=_over(np.max, effort),
        effort_std=_over(np.std, effort),
        moving=float(moving.mean()),
        reversals=sum(_reversals(s, 0.05 * top) for s in speeds),
        missing={k: float(np.isnan(v).mean()) if len(v) else 1.0 for k, v in signals.items()},
        saturated=_saturated(effort),
        velocity_factor=factor,
        velocity_fit=fit,
        repeated=float(repeated.mean()) if len(repeated) else 0.0,
    )


def speed(recording: Recording, j: int) -> Vector:
    """Return the velocity of a joint; derived from its position where none was measured."""
    measured: Vector = recording.velocity[:, j]
    if np.isfinite(measured).any() or len(recording) < 3:
        return measured
    stamps, first = np.unique(recording.stamp_ns, return_index=True)
    seconds = (stamps - stamps[0]) / NANOSECONDS
    if len(seconds) < 3:
        return measured
    derived = np.gradient(recording.position[first, j], seconds)
    at: Vector = np.interp((recording.stamp_ns - stamps[0]) / NANOSECONDS, seconds, derived)
    return at


def _over(function: Callable[[Vector], np.floating], values: Vector) -> float:
    """Return a figure over the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(function(finite)) if len(finite) else float('nan')


def _reversals(velocity: Vector, threshold: float) -> int:
    """Return how often a velocity changes sign and passes the threshold on the other side."""
    side = np.sign(velocity[np.abs(velocity) > threshold])
    return int((np.diff(side) != 0).sum())


def _saturated(effort: Vector) -> float:
    """Return the share of values at exactly the extremes, if they stay there for a while."""
    if len(effort) < 100 or np.ptp(effort) == 0:
        return 0.0
    shares = [0.0]
    for extreme in (effort.min(), effort.max()):
        at = np.concatenate([[0], (effort == extreme).astype(np.int8), [0]])
        starts, stops = np.flatnonzero(np.diff(at)).reshape(-1, 2).T
        if (stops - starts).max() >= 5:
            shares.append(float(at.sum()) / len(effort))
    return sum(shares)


def _velocity_fit(recordings: Sequence[Recording], j: int, kind: str) -> tuple[float, float]:
    """Return factor and correlation of change of position and summed velocity over 50 ms."""
    moved, summed = [], []
    for recording in recordings:
        stamps, first = np.unique(recording.stamp_ns, return_index=True)
        velocity = recording.velocity[first, j]
        lag = max(1, round(0.05 / usual)) if (usual := step(recording)) > 0 else 1
        if len(stamps) <= lag or np.isnan(velocity).any():
            continue
        seconds = np.diff(stamps) / NANOSECONDS
        area = np.concatenate([[0], np.cumsum(0.5 * (velocity[1:] + velocity[:-1]) * seconds)])
        way = recording.position[first[lag:], j] - recording.position[first[:-lag], j]
        moved.append(wrap(way) if kind == 'continuous' else way)
        summed.append(area[lag:] - area[:-lag])
    if not moved:
        return float('nan'), float('nan')
    way, area = np.concatenate(moved), np.concatenate(summed)
    if not way.any() or not area.any():
        return float('nan'), float('nan')
    both = float(way @ area)
    return both / float(area @ area), both / float(np.sqrt((way @ way) * (area @ area)))


class Steady(NamedTuple):
    """Signals at equal steps, smoothed without delay, shape (n_steps, n_joints)."""

    dt: float
    """Step [s]."""
    position: Matrix
    """Joint positions [rad] or [m]; those of continuous joints do not wrap."""
    velocity: Matrix
    """Joint velocities [rad/s] or [m/s]."""
    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2]."""
    effort: Matrix
    """Joint efforts [N m] or [N]."""
    gravity: Matrix | None
    """Torque of gravity [N m] or [N], if it was given."""

    def pieces(self) -> Iterator['Steady']:
        """Yield it in pieces of :data:`PIECE` rows, none of which keeps the whole in memory."""
        for start in range(0, len(self.effort), PIECE):
            rows = slice(start, start + PIECE)
            yield Steady(
                self.dt,
                self.position[rows].copy(),
                self.velocity[rows].copy(),
                self.acceleration[rows].copy(),
                self.effort[rows].copy(),
                None if self.gravity is None else self.gravity[rows].copy(),
            )


def steadied(recording: Recording, gravity: Matrix | None = None) -> Steady | None:
    """Return the signals at equal steps, None if there are too few.

    Args:
        recording: What was measured.
        gravity: Torque of gravity at its rows, of its shape.
    """
    dt = step(recording)
    half = max(1, round(SMOOTHING / dt)) if dt > 0 else 1
    stamps, first = np.unique(recording.stamp_ns, return_index=True)
    if len(stamps) < 4 * half + 2:
        return None
    seconds = (stamps - stamps[0]) / NANOSECONDS
    times = np.arange(0, seconds[-1], dt)
    joints = range(len(recording.joint_names))

    def even(columns: Iterable[Vector]) -> Matrix:
        placed = (np.interp(times, seconds, column[first]) for column in columns)
        return np.stack([_smooth(column, half) for column in placed], axis=1)

    velocity = even(speed(recording, j) for j in joints)
    return Steady(
        dt,
        even(_unwrapped(recording, j) for j in joints),
        velocity,
        np.gradient(velocity, dt, axis=0),
        even(recording.effort.T),
        None if gravity is None else even(gravity.T),
    )


def _unwrapped(recording: Recording, j: int) -> Vector:
    """Return the positions of a joint, without the jumps of one that wraps."""
    position: Vector = recording.position[:, j]
    if recording.joint_types[j] != 'continuous' or not np.isfinite(position).all():
        return position
    turned: Vector = np.unwrap(position)
    return turned


def _smooth(values: Vector, half: int) -> Vector:
    """Return the mean over ``half`` steps to both sides, shape (n_steps - 2 * half,)."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    mean: Vector = (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
    return mean


def friction_columns(velocity: Vector, scale: float) -> Matrix:
    """Return what viscous and Coulomb friction of one joint are proportional to, (n_steps, 2).

    Args:
        velocity: Velocities of the joint.
        scale: Their standard deviation.
    """
    return np.stack([velocity, np.tanh(velocity / (0.2 * scale + 1e-12))], axis=1)


class Spread:
    """Standard deviation of columns whose rows come piece by piece."""

    def __init__(self) -> None:
        self.rows = 0
        self._mean: Vector = np.zeros(1)
        self._squares: Vector = np.zeros(1)

    def add(self, values: Matrix) -> None:
        """Take in rows, shape (n_steps, n)."""
        rows, mean = len(values), values.mean(axis=0)
        away = mean - self._mean
        self._squares = self._squares + ((values - mean) ** 2).sum(axis=0)
        self._squares += away**2 * (self.rows * rows / (self.rows + rows))
        self._mean = self._mean + away * (rows / (self.rows + rows))
        self.rows += rows

    @property
    def std(self) -> Vector:
        """The standard deviation of each column, shape (n,)."""
        return np.sqrt(self._squares / self.rows)


class LeastSquares:
    """Least squares over rows that come piece by piece, as exact as over all of them at once.

    Of the rows only the triangle of their QR decomposition is kept. Source: J. Demmel, L. Grigori,
    M. Hoemmen, J. Langou, "Communication-optimal parallel and sequential QR and LU
    factorizations", SIAM J. Scientific Computing 34, 2012 (sequential TSQR).
    """

    def __init__(self) -> None:
        self._triangle: Matrix | None = None
        self._rows = 0

    def add(self, features: Matrix, target: Vector) -> None:
        """Take in rows, shapes (n_steps, n) and (n_steps,)."""
        rows = np.column_stack([features, target])
        self._rows += len(rows)
        rows = rows if self._triangle is None else np.vstack([self._triangle, rows])
        self._triangle = np.asarray(np.linalg.qr(rows, mode='r'))

    def solve(self) -> tuple[Vector, float]:
        """Return the weights, and the RMS of what they leave."""
        assert self._triangle is not None
        features, target = self._triangle[:, :-1], self._triangle[:, -1]
        smallest = np.finfo(float).eps * max(self._rows, features.shape[1])
        weights: Vector = np.linalg.lstsq(features, target, rcond=smallest)[0].astype(np.float64)
        left = target - features @ weights
        return weights, float(np.sqrt(left @ left / self._rows))
