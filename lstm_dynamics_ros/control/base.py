# SPDX-License-Identifier: Apache-2.0
"""What every controller is given, and what it must offer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final, Protocol, TypeVar

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Vector
import numpy as np


class Prior(Protocol):
    """A rigid-body model of the robot."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """Return the effort an ideal robot needs for a motion [N m] or [N], shape (n_joints,).

        The caller copies what it wants to keep: the next call may overwrite it.
        """


class ModelAccess(Protocol):
    """A look at what the model would say, which leaves its memory as it is."""

    def peek(self, observations: Matrix) -> Matrix:
        """Return predictions for some observations from the memory *before* the newest one.

        Args:
            observations: Rows in the card's features, shape (n, n_features).

        Returns:
            Predictions, shape (n, n_targets). The first dimension should be the same in every
            call, because buffers are made for it.
        """

    @property
    def observation(self) -> Vector:
        """The newest observation, shape (n_features,)."""


@dataclass(kw_only=True, slots=True)
class ControlInput:
    """Everything a controller may know at one control step; it writes nothing of it.

    Vectors have shape (n_joints,).
    """

    measured: JointState
    """State at the newest grid point."""
    reference: Reference | None
    """Reference at that time; None without a fresh one."""
    preview: Reference | None
    """Reference when the correction from this step acts, one latency later."""
    commanded: Reference | None = None
    """Reference of the robot's own controller when it adds the correction: that one latency
    ahead, less the delay of the drives."""
    rigid_body_effort: Vector | None = None
    """Effort that the rigid-body model says the motion of ``preview`` takes [N m] or [N]; None if
    nobody has computed it."""
    applied: Vector
    """Correction that acts at the time of ``measured``, as let out by the gate [N m] or [N]."""
    learned: Vector | None = None
    """What an inverse model predicts that the motion of ``preview`` takes, beyond the prior if it
    has one [N m] or [N]; None for a forward model."""
    residual: Vector | None = None
    """Newest measured disturbance minus its prediction [N m] or [N]; None without a prediction.
    About one control step old."""
    predicted: JointState | None = None
    """Of a forward model the state one step ahead, of an inverse one the effort now, NaN where it
    predicts nothing; the stamp is the time it is for. None if the model could not be used."""
    horizon: Matrix | None = None
    """Predictions for the next steps, shape (n_steps, n_targets); None without a horizon."""
    touched: bool = False
    """Whether something touches the robot since lately: what was followed just before was already
    that."""
    frozen: bool = False
    """Whether whatever follows the measurements must stand still: it is touched."""


@dataclass(frozen=True, kw_only=True)
class ControlContext:
    """What a controller is made for."""

    joint_names: tuple[str, ...]
    """The joints, in the order of every array."""
    period: float
    """Time between two control steps [s]."""
    latency: float
    """Time from a measurement to the moment a correction made from it acts [s]."""
    effort_limits: tuple[float | None, ...]
    """Largest effort per joint [N m] or [N]; None where unknown."""
    prior: Prior | None = None
    """Rigid-body model; None without."""
    card: ModelCard | None = None
    """Card of the model; None without."""
    model: ModelAccess | None = None
    """A look into the model; None without."""


class Controller(ABC):
    """Turns measurement, prediction and reference into a torque. One object serves one robot."""

    name: ClassVar[str] = 'unnamed'
    """Its name in configuration files, for messages."""
    computes_torque: ClassVar[bool] = True
    """False for a controller that never does; such a one cannot be armed."""
    needs_reference: ClassVar[bool] = True
    """Whether it says nothing without a reference."""
    needs_effort: bool = True
    """Whether its torque follows measured effort, beyond what the model is fed. Without finite
    effort such a controller cannot be armed. True unless a controller knows better."""
    full_command: ClassVar[bool] = False
    """Whether its torque is the whole command instead of an addition to the robot's own."""

    @abstractmethod
    def torque(self, given: ControlInput) -> Vector | None:
        """Compute the torque for this control step.

        Called on every control step once the model is warm, armed or not, so that a person can
        watch what it would do.

        Args:
            given: Measurement, prediction and reference.

        Returns:
            Effort to add to the robot's own command [N m] or [N], shape (n_joints,); None if
            there is nothing to say. The caller does not write to it.
        """

    @property
    def nominal(self) -> Vector | None:
        """Part of the newest torque that the rigid-body model alone calls for; None without.

        No disturbance does, so that it is left out when torque is compared with disturbance.
        """
        return None

    @abstractmethod
    def reset(self) -> None:
        """Forget everything seen so far; called whenever the model's memory is cleared."""

    def reconfigure(self, config: 'ControllerConfig') -> None:
        """Take over the settings that may change while the robot runs; memory is kept.

        Args:
            config: All settings of this controller, checked.

        Raises:
            ConfigError: If they do not fit; the old ones stay. Always, unless the controller
                overrides this.
        """
        kind = type(config).__name__
        raise ConfigError(f'No setting of {kind} can be changed while running. Restart to do so.')


class ControllerConfig(ABC):
    """The settings of one kind of controller, and the way to make one.

    A subclass is a frozen keyword-only dataclass of ``parameter()`` fields with defaults.
    """

    @abstractmethod
    def build(self, context: ControlContext) -> Controller:
        """Make the controller.

        Args:
            context: What it is made for.

        Raises:
            ConfigError: If the settings or what there is do not fit.
        """


C = TypeVar('C', bound=ControllerConfig)


def settings_as(kind: type[C], config: ControllerConfig) -> C:
    """Return settings that must be those of one kind of controller.

    Raises:
        ConfigError: If they are of another one.
    """
    if not isinstance(config, kind):
        raise ConfigError(f'Expected {kind.__name__}, got {type(config).__name__}.')
    return config


CONTROLLERS: Registry[ControllerConfig] = Registry('controller')
"""All controllers, by the name in configuration files."""


def per_joint(name: str, values: tuple[float, ...], context: ControlContext) -> Vector:
    """Return one value per joint.

    Args:
        name: Name of the setting, for the message.
        values: One number for all joints, or one per joint.
        context: Knows the joints.

    Returns:
        The values, shape (n_joints,).

    Raises:
        ConfigError: If there is another number of values.
    """
    n = len(context.joint_names)
    if len(values) not in {1, n}:
        raise ConfigError(
            f'{name} must have 1 value or one for each of the {n} joints '
            f'({", ".join(context.joint_names)}), got {len(values)}.'
        )
    return np.broadcast_to(np.array(values, np.float64), n).copy()


def required_prior(name: str, context: ControlContext) -> Prior:
    """Return the rigid-body model.

    Args:
        name: Name of the controller, for the message.
        context: Holds the model.

    Raises:
        ConfigError: If there is none.
    """
    if context.prior is None:
        raise ConfigError(f'{name} needs a rigid-body model, got none. Give the URDF.')
    return context.prior


def needs_forward(name: str, context: ControlContext) -> ModelCard:
    """Return the card of a forward model that says what effort does.

    Args:
        name: Who needs it, for the message.
        context: Holds the card.

    Raises:
        ConfigError: If it is not that of a forward model that is fed effort and predicts velocity,
            or its step is not the control period.
    """
    card = context.card
    if (
        card is None
        or card.model_kind != 'forward'
        or card.columns('effort') is None
        or card.columns('velocity', of='targets') is None
    ):
        got = 'none' if card is None else f'{card.name}, {card.model_kind}'
        raise ConfigError(
            f'{name} needs a forward model with the feature effort and the target velocity, got '
            f'{got}. Train one with lstm-dynamics train, or use feedforward_dob.'
        )
    if abs(context.period - card.dt) > 1e-6 * card.dt:
        raise ConfigError(
            f'{name} needs a control period of one step of the model, {card.dt:g} s, got '
            f'{context.period:g} s. Set control_rate to 0.'
        )
    return card


@CONTROLLERS.register('none')
@dataclass(frozen=True, kw_only=True)
class NoneConfig(ControllerConfig):
    """There is nothing to set."""

    def build(self, context: ControlContext) -> 'NoController':  # noqa: ARG002
        """See the base class."""
        return NoController()


@final
class NoController(Controller):
    """Never computes a torque."""

    name: ClassVar[str] = 'none'
    computes_torque: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    needs_effort = False

    def torque(self, given: ControlInput) -> None:  # noqa: ARG002
        """See the base class."""
        return

    def reset(self) -> None:
        """See the base class. There is nothing to forget."""
