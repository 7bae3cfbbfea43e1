# SPDX-License-Identifier: Apache-2.0
"""What the controller inside an embedded robot computes from its nominal model."""

from abc import ABC, abstractmethod

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np


class InnerLaw(ABC):
    """Torque of the nominal model, at 1 kHz. The PD part is the base controller's."""

    has_pd: bool = True
    """Whether the base controller adds its PD part."""

    @abstractmethod
    def torque(
        self, model: NominalModel, position: Vector, velocity: Vector, reference: JointPath
    ) -> Vector:
        """Return the torque for one step [N m] (n_joints,).

        Args:
            model: The nominal model.
            position: Measured positions [rad] (n_joints,).
            velocity: Measured velocities [rad/s] (n_joints,).
            reference: Reference of the robot now, each of shape (n_joints,).
        """


class FeedForward(InnerLaw):
    """Inverse dynamics of the reference, as the embedded robots come."""

    def torque(
        self,
        model: NominalModel,
        position: Vector,  # noqa: ARG002 - feed-forward looks at the reference alone
        velocity: Vector,  # noqa: ARG002
        reference: JointPath,
    ) -> Vector:
        """See the base class."""
        return model.torque(*reference)


class GravityCompensation(InnerLaw):
    """Gravity at the measured position."""

    def torque(
        self,
        model: NominalModel,
        position: Vector,
        velocity: Vector,
        reference: JointPath,  # noqa: ARG002 - gravity does not depend on it
    ) -> Vector:
        """See the base class."""
        rest = np.zeros_like(velocity)
        return model.torque(position, rest, rest)


class ComputedTorqueLaw(InnerLaw):
    """Inverse dynamics of the acceleration that a critically damped error would have.

    Source: M. W. Spong, S. Hutchinson, M. Vidyasagar, Robot Modeling and Control, 2006, eq. 8.23.

    Args:
        bandwidth: Natural frequency of the error [rad/s].
    """

    has_pd = False

    def __init__(self, bandwidth: float) -> None:
        self._stiffness = bandwidth**2
        self._damping = 2.0 * bandwidth

    def torque(
        self, model: NominalModel, position: Vector, velocity: Vector, reference: JointPath
    ) -> Vector:
        """See the base class."""
        wanted = (
            reference.acceleration
            + self._stiffness * (reference.position - position)
            + self._damping * (reference.velocity - velocity)
        )
        return model.torque(position, velocity, wanted)
