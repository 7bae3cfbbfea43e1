# SPDX-License-Identifier: Apache-2.0
"""The one way out for torque. What has not passed the gate is never sent.

In this order: finite, confidence, blend with fade-in, enabled joints, energy budget, joint-limit
law, clamp, slew. Disarmed, the gate sends the safe command and then nothing.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError, UnknownNameError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.safety.energy_tank import EnergyTank
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.limit_law import LimitLaw
from lstm_dynamics_ros.safety.safe_command import SafeCommand, smoothstep
import numpy as np

__all__ = ['Gate', 'GateSettings']

LONGEST_RELEASE = 1.0
"""Longest time to zero, however slow the slew rate [s]."""

_COUNTED = (
    'torque_not_finite',
    'torque_clamped',
    'torque_slewed',
    'torque_limited',
    'energy_spent',
    'sustained_saturation',
)


class Gate:
    """Limits torque, and remembers what it let through last.

    Args:
        settings: How much is let through; may be replaced between steps.
        effort_limits: Largest effort of each joint [N m] or [N]; None where unknown, which lets
            nothing through for that joint.
        period: Time between two steps [s].
        joint_names: Names that ``enabled_joints`` may hold, in the order of the arrays.
        limits: Limits of position and speed; and of effort, where tighter. Without them there
            is no joint-limit law.

    Raises:
        ConfigError: If the period is not positive.
        ShapeError: If the numbers of joints differ.
        UnknownNameError: If an enabled joint is none of the joints.
    """

    def __init__(
        self,
        settings: GateSettings,
        effort_limits: Sequence[float | None],
        period: float,
        *,
        joint_names: Sequence[str] = (),
        limits: JointLimits | None = None,
    ) -> None:
        if not period > 0:
            raise ConfigError(f'The control period must be > 0 s, got {period}.')
        n = len(effort_limits)
        for what, length in (
            ('Joint names', len(joint_names) or n),
            ('Joint limits', limits.n_joints if limits else n),
        ):
            if length != n:
                raise ShapeError(what, (n,), (length,))
        self.counters = dict.fromkeys(_COUNTED, 0)
        self.bad_in_a_row = 0
        """Torques in a row that were not finite, armed or not."""
        self.clamped, self.slewed, self.limited = (np.zeros(n, dtype=np.bool_) for _ in range(3))
        """Joints whose torque was cut in the newest step by the clamp, by the slew rate, and by
        joint limits or energy, each of shape (n_joints,); overwritten by the next step."""
        self.saturated_for = 0.0
        """How long without a break some joint has been at its clamp or limit [s]."""
        self._names = tuple(joint_names)
        self._period = period
        self._last, self._share, self._wanted = (np.zeros(n) for _ in range(3))
        self._armed_steps = 0
        self._releasing: SafeCommand | None = None
        self._tank: EnergyTank | None = None
        self._law: LimitLaw | None = None
        given = [np.inf if limit is None else abs(limit) for limit in effort_limits]
        self._set_limits(limits, np.array(given))
        self.settings = settings

    def _set_limits(self, limits: JointLimits | None, effort: Vector) -> None:
        """Keep limits, and the largest efforts beside theirs, shape (n_joints,)."""
        largest = effort if limits is None else np.minimum(effort, limits.effort)
        free = limits or JointLimits.unknown(len(largest))
        self.unlimited_joints = np.flatnonzero(~np.isfinite(largest)).tolist()
        """Indices of the joints without a known effort limit."""
        self.limits = JointLimits(free.lower, free.upper, free.velocity, largest)
        """Limits that hold, infinite where unknown."""
        self._largest = np.where(np.isfinite(largest), largest, 0.0)
        self._limits = limits

    def use_limits(self, limits: JointLimits) -> None:
        """Take over other limits of position, speed and effort; only while it is silent.

        Raises:
            ConfigError: If something is on its way out.
            ShapeError: If the number of joints differs.
        """
        if not self.silent:
            raise ConfigError('Joint limits cannot change while torque is on its way out.')
        if limits.n_joints != len(self._largest):
            raise ShapeError('Joint limits', (len(self._largest),), (limits.n_joints,))
        self._set_limits(limits, np.full(limits.n_joints, np.inf))
        self.settings = self._settings

    @property
    def settings(self) -> GateSettings:
        """How much is let through.

        Raises:
            UnknownNameError: On setting, if an enabled joint is none of the joints; then
                everything stays as it is.
        """
        return self._settings

    @settings.setter
    def settings(self, settings: GateSettings) -> None:
        for name in settings.enabled_joints:
            if name not in self._names:
                raise UnknownNameError('joint in gate.enabled_joints', name, self._names)
        n = len(self._largest)
        on = np.ones(n)
        if settings.enabled_joints:
            on = np.array([float(name in settings.enabled_joints) for name in self._names])
        self._settings = settings
        self._target = settings.blend * on
        self._bound = self._largest * settings.max_effort_fraction
        self._floor = -self._bound
        self._change = settings.max_effort_rate * self._period
        self._fade_steps = settings.fade_in / self._period
        self._share_up = self._period / max(settings.fade_in, self._period)
        self._share_down = self._period / max(settings.fade_out, self._period)
        if settings.energy_budget == 0.0:
            self._tank = None
        elif self._tank is None:
            self._tank = EnergyTank(settings.energy_budget, settings.energy_refill, self._period)
        else:
            self._tank.capacity = settings.energy_budget
            self._tank.refill = settings.energy_refill
        if self._limits is not None:
            self._law = LimitLaw(self._limits, settings.limit_margin, settings.limit_lookahead)

    @property
    def saturated(self) -> bool:
        """Whether less was let out in the newest step than asked for, so that sums must wait."""
        return bool(self.clamped.any() or self.slewed.any() or self.limited.any())

    @property
    def saturated_too_long(self) -> bool:
        """Whether some joint has been at its clamp or limit for ``saturation_time``."""
        return self.saturated_for > self._settings.saturation_time

    @property
    def silent(self) -> bool:
        """Whether nothing is on its way out: not armed, and the safe command is complete."""
        return self._armed_steps == 0 and self._releasing is None

    @property
    def energy(self) -> float | None:
        """Energy left in the budget [J]; None without a budget."""
        return None if self._tank is None else self._tank.level

    def reset(self) -> None:
        """Forget the last output and be silent, without the safe command."""
        self._last[:] = 0.0
        self._armed_steps = 0
        self._releasing = None
        self._forget_saturation()

    def pass_through(
        self,
        torque: Vector | None,
        *,
        armed: bool,
        confidence: float = 1.0,
        measured: JointState | None = None,
    ) -> Vector | None:
        """Return what may be sent, or None if nothing may. Call once per control period.

        Args:
            torque: Computed torque [N m] or [N], shape (n_joints,); None counts as zero.
            armed: Whether a person has allowed torque and nothing has taken that back.
            confidence: Trust in the prediction, 0 to 1.
            measured: Newest measurement. With joint limits or an energy budget nothing passes
                without.

        Returns:
            Torque to send, shape (n_joints,): while armed, and after that until the safe
            command is complete; None otherwise.

        Raises:
            ShapeError: If the torque does not have one value per joint.
        """
        wanted = self._wanted
        if torque is None:
            wanted[:] = 0.0
        elif torque.shape != wanted.shape:
            raise ShapeError('Torque', wanted.shape, torque.shape)
        elif np.isfinite(torque).all():
            wanted[:] = torque
            self.bad_in_a_row = 0
        else:
            wanted[:] = 0.0
            self.bad_in_a_row += 1
            self.counters['torque_not_finite'] += 1
        if not armed:
            return self._release(measured)
        self._weigh(confidence)
        return self._limit(measured)

    def _weigh(self, confidence: float) -> None:
        """Scale the wanted torque by confidence, blend, fade-in and enabled joints."""
        self._releasing = None
        share, target = self._share, self._target
        if self._armed_steps == 0:
            share[:] = target
            if self._tank is not None:
                self._tank.fill()
        else:
            step = np.maximum(target - share, -self._share_down)
            share += np.minimum(step, self._share_up)
        self._armed_steps += 1
        trust = confidence if 0.0 <= confidence <= 1.0 else 0.0  # NaN is no confidence
        if self._armed_steps < self._fade_steps:
            trust *= smoothstep(self._armed_steps / self._fade_steps)
        self._wanted *= trust
        self._wanted *= share

    def _limit(self, measured: JointState | None) -> Vector:
        """Take the wanted torque through all limits, and remember and return the result."""
        wanted, bound = self._wanted, self._bound
        if measured is None and (self._law is not None or self._tank is not None):
            wanted[:] = 0.0
        self.limited[:] = False
        if self._tank is not None and measured is not None:
            self._tank.account(self._last, measured.velocity)
            if self._tank.limit(wanted, measured.velocity):
                self.limited[:] = True
                self.counters['energy_spent'] += 1
        # The law's bounds lie within those of the clamp, so that their order is free; clamped
        # first, each can say what it did.
        out = np.minimum(wanted, bound)
        np.maximum(out, self._floor, out=out)
        np.not_equal(out, wanted, out=self.clamped)
        if self._law is not None and measured is not None:
            shares = self._law.shares(measured.position, measured.velocity)
            shares *= bound
            wanted[:] = out
            np.minimum(out, shares[0], out=out)
            np.maximum(out, np.negative(shares[1], out=shares[1]), out=out)
            self.limited |= out != wanted
        self._count_saturation()
        wanted[:] = out
        np.maximum(out, self._last - self._change, out=out)
        np.minimum(out, self._last + self._change, out=out)
        np.not_equal(out, wanted, out=self.slewed)
        self.counters['torque_slewed'] += bool(self.slewed.any())
        self._last[:] = out
        return out

    def _release(self, measured: JointState | None) -> Vector | None:
        """Return the next part of the safe command, None once it is complete."""
        settings = self._settings
        if self._armed_steps:
            self._armed_steps = 0
            fade_out = settings.fade_out
            if self._last.any():  # so that the slew rate holds on the way
                fade_out = max(fade_out, 1.5 * np.abs(self._last).max() / settings.max_effort_rate)
            self._releasing = SafeCommand(
                settings.safe_command, self._last, min(fade_out, LONGEST_RELEASE), self._period
            )
        if self._releasing is None:
            return None
        self._wanted[:] = self._releasing.step()
        if not self._releasing.complete:
            return self._limit(measured)
        self.reset()
        return np.zeros_like(self._last)

    def _count_saturation(self) -> None:
        """Note for how long some joint has been at its clamp or limit."""
        clamped, limited = bool(self.clamped.any()), bool(self.limited.any())
        self.counters['torque_clamped'] += clamped
        self.counters['torque_limited'] += limited
        before = self.saturated_too_long
        self.saturated_for = self.saturated_for + self._period if clamped or limited else 0.0
        self.counters['sustained_saturation'] += self.saturated_too_long and not before

    def _forget_saturation(self) -> None:
        """Forget what was cut, when nothing is let out any more."""
        self.clamped[:], self.slewed[:], self.limited[:] = False, False, False
        self.saturated_for = 0.0
