# SPDX-License-Identifier: Apache-2.0
"""The rigid-body model of a robot: from a URDF, an embedded robot, a file, or identified."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds
from lstm_dynamics_ros.evaluation.reports.identification_text import identification_text
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.identification.file import read_identified
from lstm_dynamics_ros.learning.identification.identify import identified_prior, identify
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
from lstm_dynamics_ros.workflows.listener import Listener, SILENT


@dataclass(frozen=True, kw_only=True)
class RigidBodySource:
    """Where the rigid-body model of a robot comes from; nowhere by default."""

    urdf: Path | str | None = None
    """URDF file, or its text."""
    identified: Path | None = None
    """File of `lstm-dynamics identify` instead."""
    armature: tuple[float, ...] = ()
    """Inertia of each rotor seen at its joint [kg m^2], for a URDF."""
    identify: bool = False
    """Identify its parameters first, from what is learned from alone."""
    friction: bool = False
    """Let identified friction count as part of its torque."""


NO_RIGID_BODY = RigidBodySource()


def given_urdf(urdf: Path | None, robot: str) -> tuple[Path | str, str]:
    """Return a URDF file, or the text of one of an embedded robot, and its name.

    Raises:
        ConfigError: If not exactly one was given.
        UnknownNameError: If there is no such embedded robot.
    """
    if (urdf is None) == (not robot):
        raise ConfigError('Which robot? Give either --urdf robot.urdf or --robot arm.')
    if urdf is not None:
        return urdf, ''
    return nominal_urdf(load_robot(robot)), f'embedded {robot}'


def rigid_body_of(
    joint_names: Sequence[str], source: RigidBodySource, *, compensated: Sequence[str] = ()
) -> RigidBodyPrior | None:
    """Return the rigid-body model of a robot; None if none was given.

    Args:
        joint_names: The joints.
        source: Where it comes from.
        compensated: What the robot's own driver adds already.

    Raises:
        ConfigError: If what was given does not go together.
        JointNamesError: If it has other joints.
        DataError: If a file cannot be used.
    """
    urdf, identified = source.urdf, source.identified
    if urdf is not None and identified is not None:
        raise ConfigError('Give either --urdf or --identified; an identified robot has its URDF.')
    if source.identify and urdf is None:
        raise ConfigError('--identify starts from a URDF: give --urdf robot.urdf.')
    if source.friction and identified is None and not source.identify:
        raise ConfigError('Friction is known of an identified robot only: --identify it first.')
    if compensated and (source.identify or identified is not None):
        raise ConfigError(
            f'The driver adds {", ".join(compensated)} by its own robot model, and a correction '
            'leaves that part of the prior to it, so the prior must be that model: give its '
            '--urdf without --identify. Identify for drivers that compensate nothing.'
        )
    if identified is not None:
        return read_identified(identified, friction=source.friction, joint_names=joint_names)
    if urdf is None:
        return None
    return RigidBodyPrior(urdf, joint_names, armature=source.armature or None)


def identified_rigid_body(
    prior: RigidBodyPrior,
    gridded: Sequence[Segment],
    training: TrainingSettings,
    *,
    friction: bool,
    listener: Listener = SILENT,
) -> RigidBodyPrior:
    """Return a rigid-body model identified from the training data.

    Of a lone member, from what it learns from alone. The members of an ensemble together hold out
    everything, so there it is from all data, and :func:`with_own_priors` keeps their errors
    unbiased.

    Args:
        prior: The robot by its URDF.
        gridded: All data that training is given.
        training: Says what is held out.
        friction: Whether friction counts as part of its torque.
        listener: Is shown how good the model is.

    Raises:
        DataError: If the data do not tell.
    """
    learned = list(gridded)
    if training.members == 1:
        ((learned, _),) = folds(
            gridded,
            1,
            validation_fraction=training.validation_fraction,
            washout_steps=training.burn_in_steps,
            window_steps=training.sequence_steps,
            seed=training.seed,
        )
    settings = _settings(training)
    if not listener.shows_texts:
        return identified_prior(prior, learned, settings, friction=friction)
    with listener.progress('identify') as update:
        found = identify(prior, learned, settings, progress=update)
    listener.say(f'{identification_text(found)}\n')
    return found.prior(friction=friction)


def with_own_priors(
    prior: RigidBodyPrior,
    members: Sequence[Member],
    training: TrainingSettings,
    *,
    friction: bool,
) -> list[Member]:
    """Give every member of an ensemble a rigid-body model that has not seen its held-out data.

    The errors on what a member held out are then those of a new recording: the few parameters of
    the rigid body, identified from all data, would know it.

    Args:
        prior: The robot by its URDF.
        members: The trained members.
        training: How they were trained.
        friction: Whether friction counts as part of the torque.
    """
    if len(members) == 1:
        return list(members)
    settings = _settings(training)
    return [
        member._replace(prior=identified_prior(prior, member.learned, settings, friction=friction))
        for member in members
    ]


def _settings(training: TrainingSettings) -> IdentifySettings:
    """Return how to identify a rigid body for a model.

    One that has the rigid body's effort as an input explains effort by position itself, so the
    links must not take the blame for what springs and cables do. That input holds motion no faster
    than the window that acceleration is made from, so faster motion is not identified from either.
    """
    if not isinstance(training, InverseSettings) or PRIOR_KIND not in training.signals:
        return IdentifySettings()
    return IdentifySettings(springs=True, cutoff=1 / (training.prior_window * training.dt))
