# SPDX-License-Identifier: Apache-2.0
"""What every controller is given, and what it must offer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.card import ModelCard
from lstm_dynamics_ros.registry import Registry
from lstm_dynamics_ros.state import JointState, Matrix, Vector


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where the robot was told to be at one instant. Arrays have shape (n_joints,)."""

    stamp_ns: int
    """Time it is for [ns]."""
    position: Vector
    """Positions [rad] or [m]."""
    velocity: Vector
    """Velocities [rad/s] or [m/s]."""
    acceleration: Vector
    """Accelerations [rad/s^2] or [m/s^2]."""


@dataclass(frozen=True, kw_only=True)
class ControlInput:
    """Everything known at one control step."""

    measured: JointState
    """State at the newest grid point."""
    predicted: JointState
    """What the model says: of a forward model one step ahead, of an inverse one for now; NaN where
    it says nothing."""
    horizon: Matrix | None
    """Predictions for the next steps, shape (n_steps, n_targets); None without a horizon."""
    reference: Reference | None
    """Where the robot was told to be when the correction acts; None without a fresh one."""
    dt: float
    """Control period [s]."""


class Controller(ABC):
    """Turns measurement and prediction into a torque. One object serves one robot."""

    computes_torque: ClassVar[bool] = True
    """False for a controller that never does; such a one cannot be armed."""

    @abstractmethod
    def torque(self, given: ControlInput) -> Vector | None:
        """Compute the torque for this control step.

        Called on every control step once the model is warm, armed or not, so that a person can
        watch what it would do.

        Args:
            given: Measurement, prediction and reference.

        Returns:
            Effort to add to the robot's own command [N m] or [N], shape (n_joints,); None if
            there is nothing to say.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen so far; called whenever the model's memory is cleared."""


class ControllerConfig(ABC):
    """The settings of one kind of controller, and the way to make one.

    A subclass is a frozen keyword-only dataclass of ``parameter()`` fields with defaults.
    """

    @abstractmethod
    def build(self, card: ModelCard, control_period: float) -> Controller:
        """Make the controller.

        Args:
            card: Card of the model it works with.
            control_period: Time between two control steps [s].

        Raises:
            ConfigError: If the settings or the model do not fit.
        """


CONTROLLERS: Registry[ControllerConfig] = Registry('controller')
"""All controllers, by the name in configuration files."""
