# SPDX-License-Identifier: Apache-2.0
"""Trajectories that make a robot show its dynamics: for which robot, planned and written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from lstm_dynamics_ros.core.card import JOINT_TYPES
from lstm_dynamics_ros.core.errors import ConfigError, DataError, MissingLibraryError
from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.excitation.file import (
    WARNING,
    write_excitation,
    write_probe,
    write_summary,
)
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.plan import Efforts, Excitation, excitations, usage
from lstm_dynamics_ros.data.excitation.probe import probe
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import ExciteOptions
import numpy as np
import yaml


class ExcitedRobot(NamedTuple):
    """What is known of the robot to excite."""

    limits: ExcitationLimits
    efforts: Efforts | None
    """Its rigid-body model; None without."""
    model: str
    """Where the efforts come from, in words."""
    amplitude: tuple[float, ...] = ()
    """Excursions of an embedded robot [rad]; empty for others."""


def _robot(options: ExciteOptions) -> ExcitedRobot:
    """Return the robot to excite.

    Raises:
        ConfigError: If not exactly one was given.
    """
    if options.robot and (options.urdf or options.limits):
        raise ConfigError('Give --robot, or --urdf and --limits, not both.')
    if not (options.robot or options.urdf or options.limits):
        raise ConfigError(
            'Which robot? Give --urdf robot.urdf, --limits joint_limits.yaml or --robot arm.'
        )
    if options.robot:
        found = embedded_robot(options.robot, options.joints, options.home)
    else:
        found = robot_of_files(options.urdf, options.limits, options.joints, options.home)
    return found if options.efforts else without_efforts(found)


def plan_excitations(
    options: ExciteOptions, settings: ExcitationSettings, listener: Listener = SILENT
) -> dict[str, Any]:
    """Plan trajectories within limits and write them.

    Args:
        options: The robot, and what is written.
        settings: What the trajectories are like.
        listener: Is shown the limits, the progress, and every trajectory.

    Returns:
        What was made, as JSON-ready values.

    Raises:
        ConfigError: If the robot, a limit or a setting is wrong.
        DataError: If a file cannot be read or is there already.
    """
    robot = _robot(options)
    if options.robot and not settings.amplitude:
        settings = replace(settings, amplitude=robot.amplitude)
    limits = robot.limits
    signal = None
    if options.probe:  # before what takes long, so that what is wrong with it is said at once
        signal = probe(
            limits.effort,
            duration=settings.duration,
            share=options.probe_share,
            kind=options.probe_kind,
        )
    listener.say(f'! {WARNING}')
    listener.say(f'home    {" ".join(f"{value:g}" for value in limits.home)}')
    listener.say(f'efforts {robot.model}')
    made = []
    with listener.progress('excite') as update:
        for item in excitations(limits, settings, efforts=robot.efforts, progress=update):
            _write(item, limits, options)
            made.append(item)
    write_summary(made, limits, settings, options.out)
    for item in made:
        listener.say(_line(item, limits))
    if signal is not None:
        write_probe(
            signal, options.out / 'probe', topic=options.probe_topic, overwrite=options.overwrite
        )
        listener.say(
            f'probe   {settings.duration:g} s, {options.probe_share:.1%} of the effort limits'
        )
    return _figures(made, limits)


def _figures(made: Sequence[Excitation], limits: ExcitationLimits) -> dict[str, Any]:
    """Return what was made as JSON-ready values."""
    return {
        'joints': list(limits.joint_names),
        'trajectories': [
            {
                'name': item.name,
                'duration_s': item.duration,
                'condition_number': item.condition,
                'shrunk': item.shrunk,
            }
            for item in made
        ],
    }


def _write(item: Excitation, limits: ExcitationLimits, options: ExciteOptions) -> None:
    """Write one trajectory as a bag and a table, and draw it."""
    write_excitation(
        item, options.out, rate=options.rate, topic=options.topic, overwrite=options.overwrite
    )
    if options.preview:
        drawing = load('lstm_dynamics_ros.evaluation.reports.excitation_figure')
        drawing.write_excitation_figure(options.out / f'{item.name}.png', item, limits)


def _line(item: Excitation, limits: ExcitationLimits) -> str:
    """Return how near a trajectory comes to its limits, and how much it shows."""
    shares = ', '.join(
        f'{kind} {np.nanmax(share):.0%}'
        for kind, share in usage(item, limits).items()
        if np.nanmax(np.nan_to_num(share)) > 0
    )
    shrunk = '' if item.shrunk == 1.0 else f', made {item.shrunk:.2f} as large for efforts'
    return (
        f'{item.name}  {item.duration:g} s, at most {shares} of the limits{shrunk}; '
        f'condition {item.condition:.3g} (first draw {item.first_condition:.3g})'
    )


def embedded_robot(name: str, joints: Sequence[str], home: Sequence[float]) -> ExcitedRobot:
    """Return an embedded robot.

    Raises:
        UnknownNameError: If there is none of that name.
        ConfigError: If only some of its joints are wanted.
    """
    nominal = load('lstm_dynamics_ros.sim.nominal')  # the engine need not be there for others
    robot = load_robot(name)
    if joints and tuple(joints) != robot.joint_names:
        raise ConfigError(f'All joints of {name} move at once: {", ".join(robot.joint_names)}.')
    limits = ExcitationLimits(
        joint_names=robot.joint_names,
        joint_types=robot.joint_types,
        home=_home(home, robot.home),
        lower=robot.lower,
        upper=robot.upper,
        velocity=robot.velocity_limit,
        acceleration=np.full(len(robot.home), np.inf),
        effort=robot.effort_limit,
    )
    amplitude = tuple(float(value) for value in robot.amplitude)
    return ExcitedRobot(
        limits, nominal.NominalModel(robot).torques, 'of the robot file', amplitude
    )


def robot_of_files(
    urdf: Path | None, limits_file: Path | None, joints: Sequence[str], home: Sequence[float]
) -> ExcitedRobot:
    """Return a robot described by a URDF, a joint_limits.yaml or both.

    Args:
        urdf: The URDF; it also gives the rigid-body model if pinocchio is installed.
        limits_file: A joint_limits.yaml, whose values count where it has any.
        joints: The joints wanted, in this order; empty for all that move.
        home: Where to start from; empty for zero.

    Raises:
        DataError: If a file cannot be read.
        JointNamesError: If a joint is not there.
        ConfigError: If a limit or home is wrong.
    """
    given = read_joint_limits(limits_file) if limits_file else {}
    text = _text(urdf) if urdf else ''
    types = joint_types(text, urdf) if urdf else dict.fromkeys(given, 'revolute')
    names = tuple(joints or types)
    limits = JointLimits.unknown(len(names))
    if urdf:
        limits = JointLimits.from_urdf(text, names)
    own = JointLimits.from_mapping(given, names)
    values = {
        name: np.where(np.isfinite(getattr(own, name)), getattr(own, name), getattr(limits, name))
        for name in ('lower', 'upper', 'velocity', 'effort')
    }
    kinds = tuple(types.get(name, 'revolute') for name in names)
    known = ExcitationLimits(
        joint_names=names,
        joint_types=kinds,
        home=_home(home, np.zeros(len(names))),
        acceleration=np.array([_acceleration(given.get(name, {}), name) for name in names]),
        **values,
    )
    efforts, model = rigid_body_model(urdf, names) if urdf else (None, 'none: there is no URDF')
    return ExcitedRobot(known, efforts, model)


def without_efforts(robot: ExcitedRobot) -> ExcitedRobot:
    """Return the robot without its rigid-body model."""
    return robot._replace(efforts=None, model='none, as asked for: only accelerations are limited')


def rigid_body_model(urdf: Path, joints: Sequence[str]) -> tuple[Efforts | None, str]:
    """Return the efforts by a URDF, or why there are none."""
    try:
        return RigidBodyPrior(urdf, joints).torque, f'of {urdf.name}, other joints at zero'
    except MissingLibraryError as error:
        return None, f'none, so only accelerations are limited. {error}'


def read_joint_limits(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return what stands under ``joint_limits`` in a file, at whatever depth.

    Raises:
        DataError: If the file is missing or no YAML.
        ConfigError: If it has no joint limits.
    """
    try:
        found = _below(yaml.safe_load(_text(path)), 'joint_limits')
    except yaml.YAMLError as error:
        raise DataError(f'{path} is not valid YAML: {error}') from error
    if not isinstance(found, Mapping) or not all(isinstance(v, Mapping) for v in found.values()):
        raise ConfigError(
            f'{path} has no mapping "joint_limits" of joints. Expected e.g. joint_limits: {{joint1'
            ': {min_position: -2.0, max_position: 2.0, max_velocity: 1.0, max_effort: 50.0}}.'
        )
    return found


def joint_types(text: str, urdf: Path) -> dict[str, str]:
    """Return the type of every joint of a URDF that moves by itself, in its order.

    Raises:
        DataError: If it is no URDF, or none moves.
    """
    if '<!DOCTYPE' in text or '<!ENTITY' in text:
        raise DataError(f'{urdf} must not define a document type.')
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DataError(f'{urdf} is not XML: {error}.') from error
    if 'www.ros.org/wiki/xacro' in text or urdf.suffix == '.xacro':
        raise DataError(f'{urdf} is a xacro file. Run "xacro {urdf.name} > robot.urdf" first.')
    moving = {
        joint.get('name', ''): joint.get('type', '')
        for joint in root.findall('joint')
        if joint.get('type') in JOINT_TYPES and joint.find('mimic') is None
    }
    if not moving:
        raise DataError(f'{urdf} has no joint that moves.')
    return moving


def _home(given: Sequence[float], default: Vector) -> Vector:
    if not given:
        return default
    if len(given) != len(default):
        raise ConfigError(f'--home needs {len(default)} values, one per joint, got {len(given)}.')
    return np.asarray(given, np.float64)


def _acceleration(entry: Mapping[str, Any], joint: str) -> float:
    value = entry.get('max_acceleration', np.inf)
    if not entry.get('has_acceleration_limits', True):
        return np.inf
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f'max_acceleration of {joint} must be a number, got {value!r}.')
    return float(value)


def _below(content: object, key: str) -> object:
    """Return what stands under a key, at whatever depth of a file of ROS parameters."""
    if not isinstance(content, Mapping):
        return None
    if key in content:
        return content[key]
    return next((found for item in content.values() if (found := _below(item, key))), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding='utf-8')
    except OSError as error:
        raise DataError(f'Cannot read {path}: {error.strerror}.') from error
    except UnicodeDecodeError as error:
        raise DataError(f'{path} is not text.') from error
