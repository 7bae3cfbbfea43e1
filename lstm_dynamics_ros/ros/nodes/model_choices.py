# SPDX-License-Identifier: Apache-2.0
"""What follows from a model and the settings of a node: rigid body, limits, controller."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.arming_facts import error_gain
from lstm_dynamics_ros.ros.nodes.settings import AUTO, NodeSettings
from lstm_dynamics_ros.safety.arming import ArmingSettings, unfit_model
from lstm_dynamics_ros.safety.joint_limits import JointLimits
import numpy as np

BEST_FIRST = ('feedforward_dob', 'disturbance_observer', 'none')
"""What is tried in this order for ``controller: auto``."""


def candidates(name: str) -> tuple[str, ...]:
    """Return the controllers to try for the parameter ``controller``, the best first."""
    return BEST_FIRST if name == AUTO else (name,)


def rigid_body(settings: NodeSettings, card: ModelCard) -> RigidBodyPrior | None:
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


def joint_limits(
    settings: NodeSettings, card: ModelCard, joint_names: Sequence[str], description: str = ''
) -> JointLimits:
    """Return the limits of the joints: of each kind those given, else the URDF's.

    Effort is limited by the model card too, unless it is given.

    Args:
        settings: Those given.
        card: Card of the model.
        joint_names: The joints, by the names the robot has for them.
        description: URDF of the robot; empty takes that of the rigid-body model, if any.

    Raises:
        ConfigError: If the description is no URDF, or limits contradict each other.
        JointNamesError: If the description lacks joints.
    """
    n = card.n_joints
    given = JointLimits.from_settings(settings.limits, n)
    found = JointLimits.unknown(n)
    if description:
        found = JointLimits.from_urdf(description, joint_names)
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


def prediction_only(card: ModelCard, settings: ArmingSettings) -> list[str]:
    """Return why a model may only be used to predict; empty if it may make torque, too."""
    return unfit_model(error_gain(card), card.washout_steps * card.dt, settings)
