# SPDX-License-Identifier: Apache-2.0
"""How well a robot tracked before it was corrected and after, over the same stretch of motion."""

from dataclasses import dataclass
from typing import Any

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class CorrectionEffect:
    """A recording in which a correction was armed while a motion was repeated.

    What is compared are two stretches of equal phase of the motion: the later one begins when the
    correction has faded in, and the earlier one ends no later than arming was asked for.
    """

    joint_names: tuple[str, ...]
    stamp_ns: Stamps
    """Times of the errors [ns], shape (n,)."""
    error: Matrix
    """Reference minus true position [rad] or [m], shape (n, n_joints)."""
    torque_stamp_ns: Stamps
    """Times at which corrections came [ns], shape (m,)."""
    torque: Matrix
    """The corrections [N m] or [N], shape (m, n_joints)."""
    asked_ns: int
    """When arming was asked for [ns]."""
    armed_ns: int
    """When it had been granted [ns]."""
    fade_in: float
    """Time from arming to the whole correction [s]."""
    period: float
    """Time after which the motion repeats [s]."""

    @property
    def begin_ns(self) -> int:
        """When the later stretch begins [ns]."""
        return self.armed_ns + round(self.fade_in * NANOSECONDS)

    @property
    def before(self) -> Rows:
        """Rows of the stretch without correction, shape (n,)."""
        return self._rows(self.begin_ns - self._period_ns)

    @property
    def after(self) -> Rows:
        """Rows of the stretch with correction, shape (n,)."""
        return self._rows(self.begin_ns)

    @property
    def before_rms(self) -> Vector:
        """RMS error of each joint without correction [rad] or [m], shape (n_joints,)."""
        return _rms(self.error[self.before])

    @property
    def after_rms(self) -> Vector:
        """RMS error of each joint with correction [rad] or [m], shape (n_joints,)."""
        return _rms(self.error[self.after])

    @property
    def torque_rms(self) -> Vector:
        """RMS correction of each joint where errors are compared [N m] or [N], (n_joints,)."""
        stamps = self.torque_stamp_ns
        return _rms(self.torque[(stamps >= self.begin_ns) & (stamps < self._end_ns)])

    @property
    def complete(self) -> bool:
        """Whether there are errors in both stretches."""
        return bool(self.before.any() and self.after.any())

    @property
    def compared(self) -> float:
        """Length of each stretch [s]; less than nothing if it ended before the fade-in did."""
        return (self._end_ns - self.begin_ns) / NANOSECONDS

    @property
    def seconds(self) -> Vector:
        """Times of the errors relative to arming [s], shape (n,)."""
        seconds: Vector = (self.stamp_ns - self.armed_ns) / NANOSECONDS
        return seconds

    @property
    def torque_seconds(self) -> Vector:
        """Times of the corrections relative to arming [s], shape (m,)."""
        seconds: Vector = (self.torque_stamp_ns - self.armed_ns) / NANOSECONDS
        return seconds

    def to_json(self) -> dict[str, Any]:
        """Return the figures, errors in thousandths of their unit."""
        before, after, torque = self.before_rms, self.after_rms, self.torque_rms
        return {
            'before_mrad': 1e3 * _pooled(before),
            'after_mrad': 1e3 * _pooled(after),
            'ratio': _pooled(after) / _pooled(before),
            'max_before_mrad': 1e3 * float(np.abs(self.error[self.before]).max()),
            'max_after_mrad': 1e3 * float(np.abs(self.error[self.after]).max()),
            'per_joint': {
                name: {
                    'before_mrad': 1e3 * float(before[joint]),
                    'after_mrad': 1e3 * float(after[joint]),
                    'correction_rms_nm': float(torque[joint]),
                }
                for joint, name in enumerate(self.joint_names)
            },
            'compared_s': self.compared,
            'fade_in_s': self.fade_in,
            'motion_repeats_after_s': self.period,
        }

    @property
    def _period_ns(self) -> int:
        return round(self.period * NANOSECONDS)

    @property
    def _end_ns(self) -> int:
        """When the later stretch ends [ns]."""
        last = int(self.stamp_ns[-1]) + 1 if len(self.stamp_ns) else self.begin_ns
        return min(self.asked_ns + self._period_ns, last)

    def _rows(self, begin_ns: int) -> Rows:
        length = self._end_ns - self.begin_ns
        return (self.stamp_ns >= begin_ns) & (self.stamp_ns < begin_ns + length)


def _rms(values: Matrix) -> Vector:
    """Return the RMS of each column, NaN for no rows."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    rms: Vector = np.sqrt(np.mean(values**2, axis=0))
    return rms


def _pooled(rms: Vector) -> float:
    """Return the RMS over joints."""
    return float(np.sqrt(np.mean(rms**2)))
