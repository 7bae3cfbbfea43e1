# SPDX-License-Identifier: Apache-2.0
"""What was measured of joints: in figures, and at equal steps without noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.data.quality.check_timing import step
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.signals.time_grid import wrap
import numpy as np

SMOOTHING = 0.04
"""Half width of the zero-phase filter of all signals [s], acceleration included."""


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

    def even(columns: Sequence[Vector]) -> Matrix:
        return np.stack([np.interp(times, seconds, column[first]) for column in columns], axis=1)

    velocity = _smooth(even([speed(recording, j) for j in joints]), half)
    return Steady(
        dt,
        _smooth(even([_unwrapped(recording, j) for j in joints]), half),
        velocity,
        np.gradient(velocity, dt, axis=0),
        _smooth(even(list(recording.effort.T)), half),
        None if gravity is None else _smooth(even(list(gravity.T)), half),
    )


def _unwrapped(recording: Recording, j: int) -> Vector:
    """Return the positions of a joint, without the jumps of one that wraps."""
    position: Vector = recording.position[:, j]
    if recording.joint_types[j] != 'continuous' or not np.isfinite(position).all():
        return position
    turned: Vector = np.unwrap(position)
    return turned


def _smooth(values: Matrix, half: int) -> Matrix:
    """Return the mean over ``half`` steps to both sides, shape (n_steps - 2 * half, n_joints)."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    mean: Matrix = (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)
    return mean


def joined(made: Sequence[Steady], kind: str) -> Matrix:
    """Return one signal of all recordings one after the other, shape (n_steps, n_joints)."""
    whole: Matrix = np.concatenate([getattr(item, kind) for item in made])
    return whole


def friction_columns(velocity: Vector) -> Matrix:
    """Return what viscous and Coulomb friction of one joint are proportional to, (n_steps, 2)."""
    coulomb = np.tanh(velocity / (0.2 * float(velocity.std()) + 1e-12))
    return np.stack([velocity, coulomb], axis=1)


def fit(features: Matrix, target: Vector) -> tuple[Vector, float]:
    """Return weights by least squares, and the RMS of what they leave."""
    weights: Vector = np.linalg.lstsq(features, target, rcond=None)[0].astype(np.float64)
    left = target - features @ weights
    return weights, float(np.sqrt(np.mean(left**2)))
