# SPDX-License-Identifier: Apache-2.0
"""A recording at equal steps, smoothed without delay: what the checks of the effort work on."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.data.quality.check_timing import step
from lstm_dynamics_ros.data.quality.joint_summary import speed
from lstm_dynamics_ros.data.recording import Recording
import numpy as np

SMOOTHING = 0.04
"""Half width of the zero-phase filter of all signals [s], acceleration included."""


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
