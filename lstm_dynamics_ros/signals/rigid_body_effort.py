# SPDX-License-Identifier: Apache-2.0
"""Effort of the measured motion by a rigid-body model, as a feature of a model.

An inverse model that is fed it has to learn only what the rigid body leaves over, and where the
rigid body holds beyond the training motions, so does the model. It is a few steps late, because
acceleration is; the linear path of the model sees its past, and makes up for that.
"""

from lstm_dynamics_ros.core.state import Flags, Matrix, Vector
from lstm_dynamics_ros.signals.causal_motion import CausalMotion
from lstm_dynamics_ros.signals.disturbance import RigidBody
import numpy as np


class PriorEffort:
    """Effort of a rigid-body model for the motion measured a few steps ago.

    Args:
        rigid_body: The rigid-body model.
        window: Measurements that acceleration is made from [steps].
        delay: How old the motion is [steps].
        dt: Step of the grid [s].
        continuous: Which joints wrap at +-pi, one per joint.

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(
        self,
        rigid_body: RigidBody,
        *,
        window: int,
        delay: int,
        dt: float,
        continuous: Flags,
    ) -> None:
        self._rigid_body = rigid_body
        self._motion = CausalMotion(window=window, delay=delay, dt=dt, continuous=continuous)

    def reset(self) -> None:
        """Forget what was measured."""
        self._motion.reset()

    def update(self, position: Vector, velocity: Vector) -> Vector:
        """Return the effort at the next grid point [N m] or [N], shape (n_joints,).

        Args:
            position: Measured positions [rad] or [m], shape (n_joints,).
            velocity: Measured velocities [rad/s] or [m/s], shape (n_joints,).
        """
        return self._rigid_body.torque(*self._motion.update(position, velocity))

    def run(self, position: Matrix, velocity: Matrix) -> Matrix:
        """Return the effort over a whole record from a fresh start, shape (n_steps, n_joints).

        Rows that are not finite give NaN, and a fresh start after them.
        """
        self.reset()
        result = np.full(position.shape, np.nan)
        for row, q, v in zip(result, position, velocity, strict=True):
            if np.isfinite(q).all() and np.isfinite(v).all():
                row[:] = self.update(q, v)
            else:
                self.reset()
        return result
