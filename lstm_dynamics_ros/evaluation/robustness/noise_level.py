# SPDX-License-Identifier: Apache-2.0
"""Noise of a robot's sensors, estimated from its recordings.

Differences of neighbouring samples hold the noise and hardly any of the motion. Of white noise
with standard deviation s, the differences of order p have the standard deviation
``s sqrt(C(2p, p))``; of a motion at angular frequency w they leave, on that scale, the share
``sin(w dt / 2)^p``. The median of their magnitudes is not impressed by reversals and glitches; of
a normal distribution it is 0.6745 standard deviations. A sensor that shows nothing but its own
counts has at least the noise of rounding, one count over sqrt(12).

What a controller adds at the highest frequencies counts as noise, so the effort's figure is an
upper bound; noise that was low-passed before it was recorded is underestimated.

Sources: J. von Neumann, Annals of Mathematical Statistics 12 (1941) 367 (first differences);
P. Hall, J. Kay, D. Titterington, Biometrika 77 (1990) 521 (higher orders); F. Hampel, JASA 69
(1974) 383 (median of magnitudes); W. Bennett, Bell System Technical Journal 27 (1948) 446
(rounding).
"""

from collections.abc import Mapping, Sequence
from math import comb, sqrt

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

ORDER = 6
"""Order of the differences."""

NORMAL_MEDIAN = 0.6744897501960817
"""Median of the magnitude of a standard normal variable."""

SAME = 1e-9
"""Values closer than this share of the range are one count, different by rounding only."""

WHOLE = 0.05
"""How far from a whole number of counts a difference may be [counts]; float32 needs some."""


def sensor_noise(recordings: Sequence[Recording], dt: float) -> Mapping[str, Vector]:
    """Return the standard deviation of the noise of every measured signal.

    Recordings faster than the model are thinned to about its step first: that is the noise which
    the model sees.

    Args:
        recordings: Of one robot.
        dt: Step of the model [s].

    Returns:
        By kind, shape (n_joints,), in the signal's unit; NaN where it was not measured.
    """
    thinned = [
        picked(recording, slice(None, None, message_steps(recording, dt)))
        for recording in recordings
    ]
    found = {}
    for kind in KINDS:
        blocks = [(_unwrapped(item, kind), _steady(item)) for item in thinned]
        differences = np.concatenate([_differences(rows, even) for rows, even in blocks])
        values = np.concatenate([rows for rows, _ in blocks])
        spread = np.array([_deviation(column) for column in differences.T])
        rounding = np.array([count(column) for column in values.T]) / sqrt(12)
        found[kind] = np.fmax(spread, rounding)
    return found


def count(values: Vector) -> float:
    """Return the step of which all differences between values, shape (n,), are multiples.

    NaN if there is none, or no two values differ.
    """
    known = np.unique(values[np.isfinite(values)])
    steps = np.diff(known)
    steps = steps[steps > SAME * (known[-1] - known[0])] if len(known) > 1 else steps
    if not len(steps):
        return float('nan')
    counts = steps / steps.min()
    whole = bool((np.abs(counts - np.round(counts)) < WHOLE).all())
    return float(steps.min()) if whole else float('nan')


def message_steps(recording: Recording, dt: float) -> int:
    """Return how many messages a step of the model has, at least 1."""
    steps = np.diff(recording.stamp_ns)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else dt * NANOSECONDS
    return max(1, round(dt * NANOSECONDS / usual))


def picked(recording: Recording, rows: NDArray[np.int64] | slice) -> Recording:
    """Return some of the joint states of a recording, and nothing beside them."""
    return Recording(
        name=recording.name,
        joint_names=recording.joint_names,
        joint_types=recording.joint_types,
        stamp_ns=recording.stamp_ns[rows],
        **{kind: getattr(recording, kind)[rows] for kind in KINDS},
    )


def _unwrapped(recording: Recording, kind: str) -> Matrix:
    """Return a signal without the jumps of continuous joints at +-pi."""
    rows: Matrix = getattr(recording, kind).copy()
    if kind == 'position':
        for joint in np.flatnonzero(continuous_joints(recording.joint_types)):
            known = np.isfinite(rows[:, joint])
            rows[known, joint] = np.unwrap(rows[known, joint])
    return rows


def _steady(recording: Recording) -> NDArray[np.bool_]:
    """Return which steps to the next stamp are as long as usual, shape (n - 1,)."""
    steps = np.diff(recording.stamp_ns)
    usual = np.median(steps) if len(steps) else 0
    even: NDArray[np.bool_] = np.abs(steps - usual) <= usual / 2
    return even


def _differences(rows: Matrix, even: NDArray[np.bool_]) -> Matrix:
    """Return the differences of :data:`ORDER` within even stretches, scaled to the noise."""
    if len(rows) <= ORDER:
        return np.empty((0, rows.shape[1]))
    whole = np.convolve(even, np.ones(ORDER), 'valid') == ORDER
    scaled: Matrix = np.diff(rows, ORDER, axis=0)[whole] / sqrt(comb(2 * ORDER, ORDER))
    return scaled


def _deviation(differences: Vector) -> float:
    known = np.abs(differences[np.isfinite(differences)])
    return float(np.median(known) / NORMAL_MEDIAN) if len(known) else float('nan')
