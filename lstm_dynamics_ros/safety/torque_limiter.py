# SPDX-License-Identifier: Apache-2.0
"""Limits of torque: an energy budget, a clamp, the limits of the joints, and a slew rate."""

import math

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
import numpy as np

RANGE_SHARE = 0.05
"""Largest margin, as a share of the joint's range, so that a short stroke stays usable."""

SPEED_SHARE = 0.1
"""Part of the speed limit over which effort in the direction of motion fades away."""


class LimitLaw:
    """Takes away effort that pushes a joint past a limit, and adds none.

    At a limit it is the law of ros2_control's ``joint_limits``: no effort outward at a position
    limit unless the joint moves inward, none in the direction of motion above the speed limit.
    It begins earlier and fades, like ``k_v (k_p (q_limit - q) - v)`` of its soft limits with
    k_p = 1 / lookahead. Unlike those it never pushes back: what brakes a joint is the robot's
    own controller, to which a correction is only added. Outward is left, of the largest effort,

        clip((q_limit - margin - q - lookahead v) / margin, 0, 1)
        clip((v_limit - v) / (0.1 v_limit), 0, 1)

    whichever is less. It is nothing within the margin, unless the joint moves inward.

    Source: ros2_control, joint_limits/src/joint_limits_helpers.cpp (compute_effort_limits) and
    joint_soft_limiter.cpp.

    Args:
        limits: The limits; infinite where unknown.
        margin: Distance from a position limit within which nothing pushes outward [rad] or [m].
        lookahead: How far ahead a moving joint is judged [s].
    """

    def __init__(self, limits: JointLimits, margin: float, lookahead: float) -> None:
        finite = np.isfinite(limits.lower) & np.isfinite(limits.upper)
        reach = np.where(finite, limits.upper, 0.0) - np.where(finite, limits.lower, 0.0)
        margins = np.where(finite, np.minimum(margin, RANGE_SHARE * reach), margin)
        margins = np.maximum(margins, 1e-9)
        n = limits.n_joints
        # Two rows: upward, and downward with the sign turned.
        self._edge = np.stack([limits.upper - margins, -limits.lower - margins])
        self._per_margin = 1.0 / margins
        fade = np.where(np.isfinite(limits.velocity), SPEED_SHARE * limits.velocity, 1.0)
        self._fastest = limits.velocity
        self._per_fade = 1.0 / np.maximum(fade, 1e-9)
        self._lookahead = lookahead
        self._share, self._room = np.empty((2, n)), np.empty((2, n))

    def shares(self, position: Vector, velocity: Vector) -> Vector:
        """Return the shares of the effort that are left upward and downward.

        Args:
            position: Measured positions [rad] or [m], shape (n_joints,).
            velocity: Measured speeds [rad/s] or [m/s], shape (n_joints,).

        Returns:
            From 0 to 1, shape (2, n_joints), upward first; 0 where the measurement is NaN.
            Overwritten by the next call.
        """
        share, room = self._share, self._room
        np.multiply(velocity, self._lookahead, out=share[0])
        share[0] += position
        np.negative(share[0], out=share[1])
        np.subtract(self._edge, share, out=share)
        share *= self._per_margin
        np.subtract(self._fastest, velocity, out=room[0])
        np.add(self._fastest, velocity, out=room[1])
        room *= self._per_fade
        np.minimum(share, room, out=share)
        np.minimum(share, 1.0, out=share)
        return np.fmax(share, 0.0, out=share)  # NaN becomes 0


RESERVE = 0.2
"""Part of the tank over which torque that adds energy fades away."""


class EnergyTank:
    """A tank that torque along the motion empties, and torque against it fills.

    Source: the energy tanks of passivity-based control, C. Secchi, S. Stramigioli, C. Fantuzzi,
    "Position drift compensation in port-Hamiltonian based telemanipulation", IROS 2006;
    F. Ferraguti et al., "An energy tank-based interactive control architecture for autonomous and
    teleoperated robotic surgery", T-RO 2015.

    Args:
        capacity: Energy it holds when full, and at the start [J].
        refill: What flows in all the time [W].
        period: Time between two steps [s].
    """

    def __init__(self, capacity: float, refill: float, period: float) -> None:
        self.capacity = capacity
        self.refill = refill
        self._period = period
        self.level = capacity
        """Energy left [J]; below zero if torque could not be taken away at once."""

    def fill(self) -> None:
        """Make it full."""
        self.level = self.capacity

    def account(self, torque: Vector, velocity: Vector) -> None:
        """Note what a torque did over the last step.

        Args:
            torque: Torque that was sent [N m] or [N], shape (n_joints,).
            velocity: Measured speeds [rad/s] or [m/s], shape (n_joints,).
        """
        power = float(torque @ velocity)
        if math.isfinite(power):  # otherwise `limit` takes the torque away
            self.level -= power * self._period
        self.level = min(self.capacity, self.level + self.refill * self._period)

    def limit(self, torque: Vector, velocity: Vector) -> bool:
        """Scale down what adds energy, as far as the tank is empty.

        A joint of unknown speed gets nothing.

        Args:
            torque: Wanted torque [N m] or [N], shape (n_joints,); changed in place.
            velocity: Measured speeds [rad/s] or [m/s], shape (n_joints,).

        Returns:
            Whether anything was taken away.
        """
        known = np.isfinite(velocity)
        share = min(1.0, max(0.0, self.level / (RESERVE * self.capacity)))
        if share == 1.0 and known.all():
            return False
        adds = np.sign(torque) * velocity > 0.0
        scale = np.where(known, np.where(adds, share, 1.0), 0.0)
        torque *= scale
        return bool((scale < 1.0).any())


class TorqueLimiter:
    """Takes torque through all limits, and remembers what it let through last.

    Args:
        effort: Largest effort of each joint [N m] or [N], infinite where unknown, which lets
            nothing through for that joint, shape (n_joints,).
        limits: Limits of position and speed; and of effort, where tighter. Without them there
            is no joint-limit law.
        period: Time between two steps [s].
    """

    def __init__(self, effort: Vector, limits: JointLimits | None, period: float) -> None:
        n = len(effort)
        self.clamped, self.slewed, self.limited = (np.zeros(n, dtype=np.bool_) for _ in range(3))
        """Joints whose torque was cut in the newest step by the clamp, by the slew rate, and by
        joint limits or energy, each of shape (n_joints,); overwritten by the next step."""
        self.clamped_or_limited = False
        """Whether the newest step was cut for any joint by more than the slew rate."""
        self.counters = dict.fromkeys(
            ('torque_clamped', 'torque_slewed', 'torque_limited', 'energy_spent'), 0
        )
        self.last: Vector = np.zeros(n)
        """What was let through last [N m] or [N], shape (n_joints,)."""
        self.tank: EnergyTank | None = None
        """Energy that is left; None without a budget."""
        self._period = period
        self._law: LimitLaw | None = None
        self.use_limits(limits, effort)

    def use_limits(self, limits: JointLimits | None, effort: Vector) -> None:
        """Take over other limits, and largest efforts beside theirs; :meth:`use` must follow.

        Raises:
            ShapeError: If the number of joints differs.
        """
        if limits is not None and limits.n_joints != len(self.last):
            raise ShapeError('Joint limits', self.last.shape, (limits.n_joints,))
        largest = effort if limits is None else np.minimum(effort, limits.effort)
        free = limits or JointLimits.unknown(len(largest))
        self.limits = JointLimits(free.lower, free.upper, free.velocity, largest)
        """Limits that hold, infinite where unknown."""
        self._largest = np.where(np.isfinite(largest), largest, 0.0)
        self._limits = limits

    @property
    def cut(self) -> bool:
        """Whether less was let through in the newest step than wanted."""
        return bool(self.clamped.any() or self.slewed.any() or self.limited.any())

    def use(self, settings: GateSettings) -> None:
        """Take over settings."""
        self._bound = self._largest * settings.max_effort_fraction
        self._floor = -self._bound
        self._change = settings.max_effort_rate * self._period
        if settings.energy_budget == 0.0:
            self.tank = None
        elif self.tank is None:
            self.tank = EnergyTank(settings.energy_budget, settings.energy_refill, self._period)
        else:
            self.tank.capacity = settings.energy_budget
            self.tank.refill = settings.energy_refill
        if self._limits is not None:
            self._law = LimitLaw(self._limits, settings.limit_margin, settings.limit_lookahead)

    def reset(self) -> None:
        """Forget what was let through and cut."""
        self.last[:] = 0.0
        self.clamped[:], self.slewed[:], self.limited[:] = False, False, False
        self.clamped_or_limited = False

    def limit(self, wanted: Vector, measured: JointState | None) -> Vector:
        """Return what is left of a torque, shape (n_joints,); a new array.

        Args:
            wanted: Torque [N m] or [N], shape (n_joints,); overwritten.
            measured: Newest measurement. With joint limits or an energy budget nothing passes
                without.
        """
        bound = self._bound
        if measured is None and (self._law is not None or self.tank is not None):
            wanted[:] = 0.0
        self.limited[:] = False
        if self.tank is not None and measured is not None:
            self.tank.account(self.last, measured.velocity)
            if self.tank.limit(wanted, measured.velocity):
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
        wanted[:] = out
        np.maximum(out, self.last - self._change, out=out)
        np.minimum(out, self.last + self._change, out=out)
        np.not_equal(out, wanted, out=self.slewed)
        clamped, slewed, limited = (
            True in cut.tolist() for cut in (self.clamped, self.slewed, self.limited)
        )
        self.counters['torque_clamped'] += clamped
        self.counters['torque_slewed'] += slewed
        self.counters['torque_limited'] += limited
        self.clamped_or_limited = clamped or limited
        self.last[:] = out
        return out
