# SPDX-License-Identifier: Apache-2.0
"""The one way out for torque. What has not passed the gate is never sent.

In this order: finite, confidence, blend with fade-in, enabled joints, energy budget, joint-limit
law, clamp, slew. Disarmed, the gate sends the safe command and then nothing.
"""

from collections.abc import Sequence
import math

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError, UnknownNameError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.torque_limiter import TorqueLimiter
from lstm_dynamics_ros.signals.minimum_jerk import smoothstep
import numpy as np

LONGEST_HOLD = 0.02
"""Longest time the last command is held [s]."""


class SafeCommand:
    """The commands between the last one that was allowed and silence.

    Args:
        kind: One of :data:`~lstm_dynamics_ros.safety.gate_settings.SAFE_COMMANDS`.
        last: The last command that was sent [N m] or [N], shape (n_joints,).
        fade_out: Length of the ramp [s].
        period: Time between two commands [s].
    """

    def __init__(self, kind: str, last: Vector, fade_out: float, period: float) -> None:
        self._last = last.copy()
        if kind == 'ramp':
            steps = max(1, math.ceil(fade_out / period - 1e-9))
            self._shares = [smoothstep(1.0 - k / steps) for k in range(1, steps + 1)]
        elif kind == 'hold':
            self._shares = [1.0] * math.floor(LONGEST_HOLD / period + 1e-9) + [0.0]
        else:
            self._shares = [0.0]
        self._sent = 0

    @property
    def complete(self) -> bool:
        """Whether the newest command was the last one, which is zero."""
        return self._sent == len(self._shares)

    def step(self) -> Vector:
        """Return the next command [N m] or [N], shape (n_joints,). Zero once complete."""
        if self.complete:
            return np.zeros_like(self._last)
        share = self._shares[self._sent]
        self._sent += 1
        return self._last * share


LONGEST_RELEASE = 1.0
"""Longest time to zero, however slow the slew rate [s]."""


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
        if joint_names and len(joint_names) != n:
            raise ShapeError('Joint names', (n,), (len(joint_names),))
        largest = np.array([np.inf if limit is None else abs(limit) for limit in effort_limits])
        self.limiter = TorqueLimiter(largest, limits, period)
        """What takes torque through the limits."""
        self.bad_in_a_row = 0
        """Torques in a row that were not finite, armed or not."""
        self.saturated_for = 0.0
        """How long without a break some joint has been at its clamp or limit [s]."""
        self._names = tuple(joint_names)
        self._period = period
        self._share, self._wanted = np.zeros(n), np.zeros(n)
        self._counts = {'torque_not_finite': 0, 'sustained_saturation': 0}
        self._armed_steps = 0
        self._releasing: SafeCommand | None = None
        self.settings = settings

    @property
    def limits(self) -> JointLimits:
        """Limits that hold, infinite where unknown."""
        return self.limiter.limits

    @property
    def counters(self) -> dict[str, int]:
        """How often torque was not finite, clamped, slewed, limited, and so on."""
        return self._counts | self.limiter.counters

    def use_limits(self, limits: JointLimits) -> None:
        """Take over other limits of position, speed and effort; only while it is silent.

        Raises:
            ConfigError: If something is on its way out.
            ShapeError: If the number of joints differs.
        """
        if not self.silent:
            raise ConfigError('Joint limits cannot change while torque is on its way out.')
        self.limiter.use_limits(limits, np.full(len(self._wanted), np.inf))
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
        on = np.ones(len(self._wanted))
        if settings.enabled_joints:
            on = np.array([float(name in settings.enabled_joints) for name in self._names])
        self._settings = settings
        self._target = settings.blend * on
        self._fade_steps = settings.fade_in / self._period
        self._share_up = self._period / max(settings.fade_in, self._period)
        self._share_down = self._period / max(settings.fade_out, self._period)
        self.limiter.use(settings)

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
        return None if self.limiter.tank is None else self.limiter.tank.level

    def reset(self) -> None:
        """Forget the last output and be silent, without the safe command."""
        self.limiter.reset()
        self.saturated_for = 0.0
        self._armed_steps = 0
        self._releasing = None

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
            armed: Whether a person has allowed torque and nothing has revoked that.
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
        if torque is not None and torque.shape != wanted.shape:
            raise ShapeError('Torque', wanted.shape, torque.shape)
        wanted[:] = 0.0
        if torque is not None and all(map(math.isfinite, torque.tolist())):
            wanted[:] = torque
            self.bad_in_a_row = 0
        elif torque is not None:
            self.bad_in_a_row += 1
            self._counts['torque_not_finite'] += 1
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
            if self.limiter.tank is not None:
                self.limiter.tank.fill()
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
        """Take the wanted torque through all limits, and note how long they cut it."""
        out = self.limiter.limit(self._wanted, measured)
        before = self.saturated_too_long
        cut = self.limiter.clamped_or_limited
        self.saturated_for = self.saturated_for + self._period if cut else 0.0
        self._counts['sustained_saturation'] += self.saturated_too_long and not before
        return out

    def _release(self, measured: JointState | None) -> Vector | None:
        """Return the next part of the safe command, None once it is complete."""
        settings = self._settings
        if self._armed_steps:
            self._armed_steps = 0
            fade_out, last = settings.fade_out, self.limiter.last
            if last.any():  # so that the slew rate holds on the way
                fade_out = max(fade_out, 1.5 * np.abs(last).max() / settings.max_effort_rate)
            self._releasing = SafeCommand(
                settings.safe_command, last, min(fade_out, LONGEST_RELEASE), self._period
            )
        if self._releasing is None:
            return None
        self._wanted[:] = self._releasing.step()
        if not self._releasing.complete:
            return self._limit(measured)
        self.reset()
        return np.zeros_like(self._wanted)
