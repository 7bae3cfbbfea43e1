# SPDX-License-Identifier: Apache-2.0
"""Settings of one tick, and what follows from them before any message has come."""

from dataclasses import dataclass, field, fields, make_dataclass
from typing import Any, cast, TypeVar

from lstm_dynamics_ros.control import ControllerConfig, CONTROLLERS
from lstm_dynamics_ros.control.base import settings_as
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.confidence import ConfidenceSettings
from lstm_dynamics_ros.safety.contact import ContactSettings
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimitSettings
from lstm_dynamics_ros.signals.time_grid import check_distinct, joint_map_entries

AUTO = 'auto'
"""Takes the best controller that the model allows."""


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """How joint states are taken in and what is predicted from them."""

    control_rate: float = parameter(
        0.0,
        'Rate of the predictions and of the correction; its period must be an integer multiple '
        "of the model's step. 0 takes every step.",
        unit='Hz',
        minimum=0.0,
        maximum=10_000.0,
    )
    latency: float = parameter(
        -1.0,
        'Time from a measurement to the moment a correction made from it acts, as '
        'lstm-dynamics latency finds it; a negative one takes that of the model card.',
        unit='s',
        maximum=1.0,
    )
    horizon_steps: int = parameter(
        50,
        'How far ahead the predicted trajectory reaches, in steps of the model. 0 makes none.',
        minimum=0,
        maximum=2000,
        reconfigurable=True,
    )
    horizon_effort: str = parameter(
        'predicted',
        "Effort over the horizon: the model's own prediction (the last one held, if the model "
        'does not predict effort), or the last one held.',
        choices=('predicted', 'hold'),
        reconfigurable=True,
    )
    max_gap_steps: int = parameter(
        5,
        'Longest distance between two messages that is bridged, in steps of the model. A longer '
        'one clears its memory.',
        minimum=1,
        maximum=100,
    )
    max_backward: float = parameter(
        0.1,
        'A stamp older than the newest by more than this is a clock that was set back, and clears '
        'the memory; by less it is out of order, and is dropped.',
        unit='s',
        minimum=0.0,
    )
    joint_prefix: str = parameter(
        '', "What stands before the model's joint names in the messages, e.g. left_."
    )
    joint_map: tuple[str, ...] = parameter(
        (),
        'Other joint names in the messages, as model_joint:message_name; overrides the prefix.',
    )
    derive_velocity: bool = parameter(
        False,
        'Compute velocity from position, for robots that publish none.',
    )
    jump_factor: float = parameter(
        5.0,
        'A position that would need more than this many times the fastest speed in training is '
        'taken for a glitch and dropped. 0 drops none.',
        minimum=0.0,
    )
    jump_patience: int = parameter(
        5,
        'Dropped messages in a row after which the jump is believed and the memory cleared.',
        minimum=1,
        maximum=1000,
    )
    bounds_miss_rate: float = parameter(
        0.1,
        'Share of moments that may lie outside the bounds of the prediction: 0.1 for bounds of '
        '90 %.',
        minimum=0.001,
        maximum=0.5,
    )
    range_margin: float = parameter(
        0.1,
        'How far outside the training range a measurement still counts as inside, as a share of '
        'the range.',
        minimum=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class SafetySettings:
    """How far a model is trusted, what counts as contact, and what arming needs."""

    confidence: ConfidenceSettings = field(default_factory=ConfidenceSettings)
    contact: ContactSettings = field(default_factory=ContactSettings)
    arming: ArmingSettings = field(default_factory=ArmingSettings)


ControllerFields: Any = make_dataclass(
    'ControllerFields',
    [(name, CONTROLLERS[name], field(default_factory=CONTROLLERS[name])) for name in CONTROLLERS],
    frozen=True,
    kw_only=True,
)
"""The settings of every registered controller, in a field of its name."""


@dataclass(frozen=True, kw_only=True)
class BuildSettings(
    ControllerFields,  # type: ignore[misc] # made when the controllers are imported
    SafetySettings,
    PipelineSettings,
):
    """Everything that a pipeline is built from beside the model."""

    controller: str = parameter(
        AUTO,
        'What computes the correction. auto takes feedforward_dob if the model allows, else '
        'disturbance_observer if there is a rigid-body model, else none.',
        choices=(AUTO, *sorted(CONTROLLERS)),
    )
    urdf: str = parameter(
        '',
        'File with the rigid-body model of the robot, for controllers that need one; empty takes '
        'the one that came with the model, if any.',
    )
    armature: tuple[float, ...] = parameter(
        (),
        'Inertia of each rotor seen at its joint, which a URDF cannot hold; empty for none.',
        unit='kg m^2',
    )
    gate: GateSettings = field(default_factory=GateSettings)
    limits: JointLimitSettings = field(default_factory=JointLimitSettings)

    @property
    def pipeline(self) -> PipelineSettings:
        """How joint states are taken in and what is predicted."""
        return _part(PipelineSettings, self)

    @property
    def safety(self) -> SafetySettings:
        """When the model is trusted, what is contact, and what arming needs."""
        return _part(SafetySettings, self)

    def of_controller(self, name: str) -> ControllerConfig:
        """Return the settings of a controller.

        Raises:
            UnknownNameError: If there is none of that name.
        """
        return settings_as(CONTROLLERS[name], getattr(self, name))


P = TypeVar('P')


def _part(kind: type[P], settings: object) -> P:
    """Return the fields that a class of settings has in common with a larger one."""
    names = [item.name for item in fields(cast('Any', kind))]
    return kind(**{name: getattr(settings, name) for name in names})


def control_steps(dt: float, rate: float) -> int:
    """Return how many model steps one control period has.

    Args:
        dt: Step of the model [s].
        rate: Control rate [Hz]; 0 for one step.

    Raises:
        ConfigError: If the period is no integer multiple of dt, naming the nearest valid rates.
    """
    if rate == 0.0:
        return 1
    exact = 1.0 / (rate * dt)
    steps = max(1, round(exact))
    if abs(exact - steps) > 1e-3 * steps:
        near = sorted({max(1, int(exact)), int(exact) + 1}, reverse=True)
        rates = ' or '.join(f'{1.0 / (n * dt):.6g}' for n in near)
        raise ConfigError(
            f'control_rate must have a period that is a multiple of the model step of {dt:g} s, '
            f'got {rate:g} Hz. Nearest valid: {rates} Hz.'
        )
    return steps


def message_names(card: ModelCard, settings: PipelineSettings) -> dict[str, str]:
    """Return the name in the messages of every joint of the model.

    Raises:
        ConfigError: If an entry of ``joint_map`` has no colon, or two joints get one name.
        UnknownNameError: If an entry of ``joint_map`` names no joint of the model.
    """
    names = {joint: settings.joint_prefix + joint for joint in card.joint_names}
    for joint, name in joint_map_entries(settings.joint_map):
        if joint not in names:
            raise UnknownNameError('model joint in joint_map', joint, names)
        names[joint] = name
    check_distinct(names)
    return names
