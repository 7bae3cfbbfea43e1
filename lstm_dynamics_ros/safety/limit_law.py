# SPDX-License-Identifier: Apache-2.0
"""What effort is left near the limits of position and speed."""

from lstm_dynamics_ros.core.state import Vector
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
