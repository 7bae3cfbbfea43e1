# SPDX-License-Identifier: Apache-2.0
"""Robot and recordings for the commands that use a rigid-body model: from what was given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.families.inverse import InverseSettings

if TYPE_CHECKING:
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.learning.members import Member
    from lstm_dynamics_ros.learning.settings import TrainingSettings
    from lstm_dynamics_ros.physics.identification.settings import IdentifySettings
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior


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
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.urdf import nominal_urdf  # noqa: PLC0415

    return nominal_urdf(load_robot(robot)), f'embedded {robot}'


def named_recordings(
    bags: Sequence[Path],
    *,
    joints: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    prefix: str = '',
    joint_map: Sequence[str] = (),
) -> 'list[Recording]':
    """Return the recordings of bags with the model's joint names.

    Args:
        bags: Bags, or folders of bags.
        joints: Joints wanted, by the model's names; empty for all.
        types: Type of the joints that are not revolute, by the model's names.
        prefix: What stands before the model's names in the bags.
        joint_map: Other names in the bags, as model_joint:bag_name.

    Raises:
        JointNamesError: If a wanted joint is not there.
        ConfigError: If an entry of the map is wrong.
        UnknownNameError: If it names no joint of the bags.
    """
    from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
    from lstm_dynamics_ros.data.recording import renamed  # noqa: PLC0415

    if not prefix and not joint_map:
        return read_recordings(bags, joint_names=joints or None, joint_types=types or None)
    result = renamed(read_recordings(bags), prefix=prefix, joint_map=joint_map)
    if joints:
        result = [item.select(joints) for item in result]
    known = types or {}
    return [
        replace(
            item,
            joint_types=tuple(
                known.get(name, kind)
                for name, kind in zip(item.joint_names, item.joint_types, strict=True)
            ),
        )
        for item in result
    ]


def rigid_body(
    joint_names: Sequence[str],
    *,
    urdf: Path | str | None,
    identified: Path | None,
    armature: Sequence[float] | None,
    identify: bool,
    friction: bool,
    compensated: Sequence[str] = (),
) -> 'RigidBodyPrior | None':
    """Return the rigid-body model of a robot; None if none was given.

    Args:
        joint_names: The joints.
        urdf: URDF file, or its text.
        identified: File of `lstm-dynamics identify` instead.
        armature: Inertia of the rotors, for a URDF.
        identify: Whether its parameters are going to be identified.
        friction: Whether identified friction counts as part of its torque.
        compensated: What the robot's own driver adds already.

    Raises:
        ConfigError: If what was given does not go together.
        JointNamesError: If it has other joints.
        DataError: If a file cannot be used.
    """
    if urdf is not None and identified is not None:
        raise ConfigError('Give either --urdf or --identified; an identified robot has its URDF.')
    if identify and urdf is None:
        raise ConfigError('--identify starts from a URDF: give --urdf robot.urdf.')
    if friction and identified is None and not identify:
        raise ConfigError('Friction is known of an identified robot only: --identify it first.')
    if compensated and (identify or identified is not None):
        raise ConfigError(
            f'The driver adds {", ".join(compensated)} by its own robot model, and a correction '
            'leaves that part of the prior to it, so the prior must be that model: give its '
            '--urdf without --identify. Identify for drivers that compensate nothing.'
        )
    if identified is not None:
        from lstm_dynamics_ros.physics.identification.file import read_identified  # noqa: PLC0415

        return read_identified(identified, friction=friction, joint_names=joint_names)
    if urdf is None:
        return None
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415

    return RigidBodyPrior(urdf, joint_names, armature=armature)


def identified_rigid_body(
    prior: 'RigidBodyPrior',
    gridded: 'Sequence[Segment]',
    training: 'TrainingSettings',
    *,
    friction: bool,
    quiet: bool = False,
) -> 'RigidBodyPrior':
    """Return a rigid-body model identified from the training data.

    Of a lone member, from what it learns from alone. The members of an ensemble together hold out
    everything, so there it is from all data, and :func:`judged_apart` keeps their errors honest.

    Args:
        prior: The robot by its URDF.
        gridded: All data that training is given.
        training: Says what is held out.
        friction: Whether friction counts as part of its torque.
        quiet: Say nothing on the terminal.

    Raises:
        DataError: If the data do not tell.
    """
    from lstm_dynamics_ros.cli.console import progress, say  # noqa: PLC0415
    from lstm_dynamics_ros.data.split import folds  # noqa: PLC0415
    from lstm_dynamics_ros.evaluation.reports.identification_page import (  # noqa: PLC0415
        identification_text,
    )
    from lstm_dynamics_ros.physics.identification.identify import identified_prior, identify  # noqa: PLC0415

    learned = list(gridded)
    if training.members == 1:
        ((learned, _),) = folds(
            gridded, 1, validation_fraction=training.validation_fraction,
            washout_steps=training.burn_in_steps, window_steps=training.sequence_steps,
            seed=training.seed,
        )  # fmt: skip
    settings = _settings(training)
    if quiet:
        return identified_prior(prior, learned, settings, friction=friction)
    with progress('identify') as update:
        found = identify(prior, learned, settings, progress=update)
    say(f'{identification_text(found)}\n')
    return found.prior(friction=friction)


def judged_apart(
    prior: 'RigidBodyPrior',
    members: 'Sequence[Member]',
    training: 'TrainingSettings',
    *,
    friction: bool,
) -> 'list[Member]':
    """Give every member of an ensemble a rigid-body model that has not seen what it is judged by.

    The errors on what a member held out are then those of a new recording: the few parameters of
    the rigid body, identified from all data, would know it.

    Args:
        prior: The robot by its URDF.
        members: The trained members.
        training: How they were trained.
        friction: Whether friction counts as part of the torque.
    """
    from lstm_dynamics_ros.physics.identification.identify import identified_prior  # noqa: PLC0415

    if len(members) == 1:
        return list(members)
    settings = _settings(training)
    return [
        member._replace(prior=identified_prior(prior, member.learned, settings, friction=friction))
        for member in members
    ]


def _settings(training: 'TrainingSettings') -> 'IdentifySettings':
    """Return how to identify a rigid body for a model.

    One that is told the rigid body's effort explains effort by position itself, so the links
    must not take the blame for what springs and cables do. It is told of motion no faster than
    the window that acceleration is made from, so faster motion is not identified from either.
    """
    from lstm_dynamics_ros.physics.identification.settings import IdentifySettings  # noqa: PLC0415

    if not isinstance(training, InverseSettings) or PRIOR_KIND not in training.signals:
        return IdentifySettings()
    return IdentifySettings(springs=True, cutoff=1 / (training.prior_window * training.dt))
