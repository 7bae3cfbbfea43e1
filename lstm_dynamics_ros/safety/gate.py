# SPDX-License-Identifier: Apache-2.0
"""The one way out for torque. What has not passed the gate is never sent.

In this order: finite, confidence, blend, (joint-limit law), clamp, slew. The law that keeps a
joint from being pushed past its stop is not part of this version and has its place before the
clamp. Disarmed, the gate lets nothing out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_dynamics_ros.errors import ConfigError, ShapeError
from lstm_dynamics_ros.parameters import parameter
from lstm_dynamics_ros.state import Vector
import numpy as np


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """How much of a computed torque may reach the robot."""

    blend: float = parameter(
        0.1,
        'Share of the computed torque that is let through.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    max_effort_fraction: float = parameter(
        0.3,
        "Largest output, as a share of the joint's effort limit.",
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    max_effort_rate: float = parameter(
        1000.0,
        'Fastest change of the output.',
        unit='N m/s',
        minimum=0.0,
        reconfigurable=True,
    )


class Gate:
    """Limits torque, and remembers what it let through last.

    Args:
        settings: How much is let through; may be replaced between steps.
        effort_limits: Largest effort of each joint [N m] or [N]; None where unknown, which lets
            nothing through for that joint.
        period: Time between two steps [s].
    """

    def __init__(
        self, settings: GateSettings, effort_limits: Sequence[float | None], period: float
    ) -> None:
        if not period > 0:
            raise ConfigError(f'The control period must be > 0 s, got {period}.')
        self.settings = settings
        self.unlimited_joints = [i for i, limit in enumerate(effort_limits) if limit is None]
        """Indices of the joints without a known limit."""
        self.counters = dict.fromkeys(('torque_not_finite', 'torque_clamped', 'torque_slewed'), 0)
        self._limits = np.array([0.0 if limit is None else abs(limit) for limit in effort_limits])
        self._period = period
        self._last = np.zeros(len(self._limits))

    def reset(self) -> None:
        """Forget the last output; the next one starts from zero."""
        self._last = np.zeros(len(self._limits))

    def pass_through(
        self, torque: Vector | None, *, armed: bool, confidence: float = 1.0
    ) -> Vector | None:
        """Return what may be sent, or None if nothing may.

        Args:
            torque: Computed torque [N m] or [N], shape (n_joints,); None counts as zero.
            armed: Whether a person has allowed torque and nothing has taken that back.
            confidence: Trust in the prediction, 0 to 1.

        Returns:
            Torque to send, shape (n_joints,); None while disarmed.

        Raises:
            ShapeError: If the torque does not have one value per joint.
        """
        n = len(self._limits)
        if torque is not None and torque.shape != (n,):
            raise ShapeError('Torque', (n,), torque.shape)
        if not armed:
            self.reset()
            return None
        wanted = np.zeros(n) if torque is None else torque
        if not np.isfinite(wanted).all():
            self.counters['torque_not_finite'] += 1
            wanted = np.zeros(n)
        share = confidence if 0.0 <= confidence <= 1.0 else 0.0  # NaN is no confidence
        wanted = wanted * share * self.settings.blend
        bound = self._limits * self.settings.max_effort_fraction
        clamped = np.clip(wanted, -bound, bound)
        self.counters['torque_clamped'] += bool((clamped != wanted).any())
        step = self.settings.max_effort_rate * self._period
        out = np.clip(clamped, self._last - step, self._last + step)
        self.counters['torque_slewed'] += bool((out != clamped).any())
        self._last = out
        return out.copy()
