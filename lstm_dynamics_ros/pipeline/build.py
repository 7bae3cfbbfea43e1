# SPDX-License-Identifier: Apache-2.0
"""Makes a pipeline and its parts, once: rigid body, limits, controller and gate."""

from pathlib import Path

from lstm_dynamics_ros.control.base import ControlContext, Controller
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.correction import control_context
from lstm_dynamics_ros.pipeline.pipeline import Pipeline
from lstm_dynamics_ros.pipeline.settings import AUTO, BuildSettings, message_names
from lstm_dynamics_ros.runtime.model_file import as_loaded, LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import StateMachine
import numpy as np

BEST_FIRST = ('feedforward_dob', 'disturbance_observer', 'none')
"""What is tried in this order for ``controller: auto``."""


def build_pipeline(
    model: LoadedModel | Path | str,
    settings: BuildSettings | None = None,
    description: str = '',
    *,
    machine: StateMachine | None = None,
) -> Pipeline:
    """Make a pipeline for a model: rigid body, limits, controller and gate first, each once.

    Behind a control loop of one's own, without ROS::

        pipeline = build_pipeline('arm_residual')
        pipeline.reference = reference  # .at(stamp_ns) says where the robot shall be
        while running:
            tick = pipeline.tick([RawSample(stamp_ns, joint_names, position, velocity, effort)])
            if pipeline.machine.state is State.MONITORING and operator_wants_torque:
                pipeline.arm()  # raises ArmRefusedError, with all reasons
            correction = pipeline.idle_command() if tick is None else tick.correction
            send(effort if correction is None else effort + correction)
        pipeline.disarm()  # the safe command follows, tick by tick

    Args:
        model: The model: loaded, a path, or the name of one that comes with the package.
        settings: Which controller, which limits, and the settings of every stage.
        description: URDF of the robot, for the limits of its joints; empty takes that of the
            rigid-body model, if any. One that comes later goes to :meth:`Pipeline.use_limits`.
        machine: State of the caller, where it has one.

    Raises:
        ConfigError: If the settings do not fit the model.
        DataError: If the URDF is missing or no robot.
        JointNamesError: If a URDF lacks joints of the model.
        MissingLibraryError: If a rigid body is needed and pinocchio is not installed.
        ModelFileError: If the model cannot be used.
    """
    loaded = as_loaded(model)
    settings, card = settings or BuildSettings(), loaded.card
    prior = rigid_body(settings, card)
    limits = joint_limits(settings, card, description)
    predictor = Predictor(loaded)
    context = control_context(predictor, settings.pipeline, prior)
    controller, remark = best_controller(settings, context)
    pipeline = Pipeline(
        loaded,
        settings.pipeline,
        controller=controller,
        gate=Gate(
            settings.gate,
            tuple(limits.effort),
            context.period,
            joint_names=card.joint_names,
            limits=limits,
        ),
        machine=machine,
        prior=prior,
        safety=settings.safety,
        predictor=predictor,
    )
    pipeline.remark = remark
    return pipeline


def best_controller(settings: BuildSettings, context: ControlContext) -> tuple[Controller, str]:
    """Return the first controller that can be made, and why those before it cannot.

    Raises:
        ConfigError: If none can.
    """
    remarks: list[str] = []
    wanted = candidates(settings.controller)
    for name in wanted[:-1]:
        try:
            return settings.of_controller(name).build(context), ' '.join(remarks)
        except ConfigError as error:
            remarks.append(f'{name} cannot be used: {error}')
    return settings.of_controller(wanted[-1]).build(context), ' '.join(remarks)


def candidates(name: str) -> tuple[str, ...]:
    """Return the controllers to try for the parameter ``controller``, the best first."""
    return BEST_FIRST if name == AUTO else (name,)


def rigid_body(settings: BuildSettings, card: ModelCard) -> RigidBodyPrior | None:
    """Return the rigid-body model of the robot; None if nobody has one.

    That of the model card comes first: its torque is what the model corrects.

    Raises:
        MissingLibraryError: If pinocchio is not installed.
        DataError: If the URDF is missing or no robot.
        JointNamesError: If it lacks joints of the model.
    """
    if card.physics_prior is not None:
        return RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    if settings.urdf:
        path = Path(settings.urdf).expanduser()
        return RigidBodyPrior(path, card.joint_names, armature=settings.armature or None)
    return None


def joint_limits(settings: BuildSettings, card: ModelCard, description: str = '') -> JointLimits:
    """Return the limits of the joints: of each kind those given, else the URDF's.

    Effort is limited by the model card too, unless it is given.

    Args:
        settings: Those given.
        card: Card of the model.
        description: URDF of the robot; empty takes that of the rigid-body model, if any.

    Raises:
        ConfigError: If the description is no URDF, or limits contradict each other.
        JointNamesError: If the description lacks joints.
    """
    n = card.n_joints
    given = JointLimits.from_settings(settings.limits, n)
    found = JointLimits.unknown(n)
    if description:
        found = JointLimits.from_urdf(description, robot_joint_names(settings, card))
    elif card.physics_prior is not None and card.physics_prior.get('urdf'):
        found = JointLimits.from_urdf(card.physics_prior['urdf'], card.joint_names)
    known = [np.inf if limit is None else limit for limit in card.effort_limits or (None,) * n]
    effort = np.minimum(found.effort, known)
    own = settings.limits
    return JointLimits(
        given.lower if own.lower else found.lower,
        given.upper if own.upper else found.upper,
        given.velocity if own.velocity else found.velocity,
        given.effort if own.effort else effort,
    )


def robot_joint_names(settings: BuildSettings, card: ModelCard) -> tuple[str, ...]:
    """Return the joints of a model, by the names the robot has for them."""
    names = message_names(card, settings)
    return tuple(names[joint] for joint in card.joint_names)
