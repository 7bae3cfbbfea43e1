# SPDX-License-Identifier: Apache-2.0
"""Descriptions of the embedded robots, read from ``config/robots``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.card import JOINT_TYPES
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import build, flatten, parameter
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
import numpy as np
import yaml

T = TypeVar('T')


@dataclass(frozen=True, kw_only=True)
class LuGreFriction:
    """LuGre friction of one joint.

    Source: C. Canudas de Wit et al., A New Model for Control of Systems with Friction, 1995.
    """

    coulomb: float = parameter(0.0, 'Coulomb friction.', unit='N m', minimum=0.0)
    static: float = parameter(0.0, 'Break-away friction.', unit='N m', minimum=0.0)
    viscous: float = parameter(0.0, 'Viscous friction.', unit='N m s/rad', minimum=0.0)
    bristle_stiffness: float = parameter(
        0.0, 'Stiffness before sliding.', unit='N m/rad', minimum=0.0
    )
    bristle_damping: float = parameter(
        0.0, 'Damping before sliding.', unit='N m s/rad', minimum=0.0
    )
    stribeck_velocity: float = parameter(
        0.05, 'Velocity at which friction falls to Coulomb.', unit='rad/s', minimum=1e-6
    )


@dataclass(frozen=True, kw_only=True)
class Cogging:
    """Torque ripple of one joint over its angle."""

    amplitude: float = parameter(0.0, 'Amplitude of the ripple.', unit='N m', minimum=0.0)
    periods: float = parameter(200.0, 'Periods per turn of the joint.', minimum=0.0)
    phase: float = parameter(0.0, 'Phase at joint angle zero.', unit='rad')


@dataclass(frozen=True, kw_only=True)
class Joint:
    """One joint with its drive, its share of the controller and its hidden physics."""

    name: str = parameter('', 'Name as in JointState messages.')
    type: str = parameter('revolute', 'Kind of joint.', choices=JOINT_TYPES)
    axis: tuple[float, ...] = parameter((0.0, 0.0, 1.0), 'Axis in the frame of the link.')
    lower: float = parameter(0.0, 'Lower end of the range.', unit='rad')
    upper: float = parameter(0.0, 'Upper end of the range.', unit='rad')
    effort_limit: float = parameter(1.0, 'Largest drive torque.', unit='N m', minimum=0.0)
    velocity_limit: float = parameter(1.0, 'Largest speed.', unit='rad/s', minimum=0.0)
    armature: float = parameter(
        0.0, 'Inertia of the rotor, seen at the joint.', unit='kg m^2', minimum=0.0
    )
    home: float = parameter(0.0, 'Position at start.', unit='rad')
    amplitude: float = parameter(
        0.0, 'Largest excursion from home of generated motions.', unit='rad', minimum=0.0
    )
    stiffness: float = parameter(
        0.0, 'Position gain of the inner controller.', unit='N m/rad', minimum=0.0
    )
    damping: float = parameter(
        0.0, 'Velocity gain of the inner controller.', unit='N m s/rad', minimum=0.0
    )
    friction: LuGreFriction = LuGreFriction()
    cogging: Cogging = Cogging()


@dataclass(frozen=True, kw_only=True)
class Body:
    """One rigid body."""

    name: str = parameter('', 'Name of the body.')
    position: tuple[float, ...] = parameter(
        (0.0, 0.0, 0.0), 'Origin in the frame of the parent.', unit='m'
    )
    quaternion: tuple[float, ...] = parameter(
        (1.0, 0.0, 0.0, 0.0), 'Orientation in the frame of the parent (w x y z).'
    )
    mass: float = parameter(1.0, 'Mass.', unit='kg', minimum=1e-6)
    center_of_mass: tuple[float, ...] = parameter((0.0, 0.0, 0.0), 'Centre of mass.', unit='m')
    inertia: tuple[float, ...] = parameter(
        (0.001, 0.001, 0.001, 0.0, 0.0, 0.0),
        'Inertia about the centre of mass (xx yy zz xy xz yz).',
        unit='kg m^2',
    )
    shapes: tuple[str, ...] = parameter(
        (), 'What it looks like: "capsule x y z x y z radius" or "box x y z half-sizes".'
    )


@dataclass(frozen=True, kw_only=True)
class Link(Body):
    """A body and the joint that carries it."""

    joint: Joint = Joint()


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The box that may be fixed to the last link."""

    position: tuple[float, ...] = parameter((0.0, 0.0, 0.0), 'Centre in the last link.', unit='m')
    size: tuple[float, ...] = parameter((0.05, 0.05, 0.05), 'Edges of the box.', unit='m')
    maximum: float = parameter(0.0, 'Largest payload.', unit='kg', minimum=0.0)


@dataclass(frozen=True, kw_only=True)
class RobotDescription:
    """A serial robot: its bodies in order from the base, its tool and its hidden physics."""

    name: str
    base: Body
    links: tuple[Link, ...]
    tool: Body
    payload: Payload
    hidden: HiddenPhysics

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The joints in order from the base."""
        return tuple(link.joint for link in self.links)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the joints in order from the base."""
        return tuple(joint.name for joint in self.joints)

    @property
    def joint_types(self) -> tuple[str, ...]:
        """Types of the joints in order from the base."""
        return tuple(joint.type for joint in self.joints)

    @property
    def lower(self) -> Vector:
        """Lower ends of the ranges [rad], minus infinity for continuous joints (n_joints,)."""
        return np.array([-np.inf if j.type == 'continuous' else j.lower for j in self.joints])

    @property
    def upper(self) -> Vector:
        """Upper ends of the ranges [rad], infinity for continuous joints (n_joints,)."""
        return np.array([np.inf if j.type == 'continuous' else j.upper for j in self.joints])

    @property
    def effort_limit(self) -> Vector:
        """Largest drive torques [N m] (n_joints,)."""
        return np.array([joint.effort_limit for joint in self.joints])

    @property
    def velocity_limit(self) -> Vector:
        """Largest speeds [rad/s] (n_joints,)."""
        return np.array([joint.velocity_limit for joint in self.joints])

    @property
    def home(self) -> Vector:
        """Positions at start [rad] (n_joints,)."""
        return np.array([joint.home for joint in self.joints])

    @property
    def amplitude(self) -> Vector:
        """Largest excursions from home of generated motions [rad] (n_joints,)."""
        return np.array([joint.amplitude for joint in self.joints])

    @property
    def stiffness(self) -> Vector:
        """Position gains of the inner controller [N m/rad] (n_joints,)."""
        return np.array([joint.stiffness for joint in self.joints])

    @property
    def damping(self) -> Vector:
        """Velocity gains of the inner controller [N m s/rad] (n_joints,)."""
        return np.array([joint.damping for joint in self.joints])

    def with_gains(self, factor: float) -> 'RobotDescription':
        """Return the robot with a stiffer or softer inner controller.

        Args:
            factor: Factor on the stiffness; the damping changes by its square root, so that the
                damping ratio stays.
        """
        return replace(
            self,
            links=tuple(
                replace(
                    link,
                    joint=replace(
                        link.joint,
                        stiffness=factor * link.joint.stiffness,
                        damping=factor**0.5 * link.joint.damping,
                    ),
                )
                for link in self.links
            ),
        )


def known_robots() -> list[str]:
    """Return the names of the robots in ``config/robots``."""
    return sorted(assets('config/robots', '*.yaml'))


def load_robot(name: str) -> RobotDescription:
    """Return the robot of that name.

    Args:
        name: Name of a file in ``config/robots`` without suffix, or the path of a robot file.

    Raises:
        UnknownNameError: If there is no such robot.
        ConfigError: If its file is wrong.
    """
    files = assets('config/robots', '*.yaml')
    if name in files:
        return read_robot(files[name])
    if name.endswith('.yaml') and Path(name).is_file():
        return read_robot(Path(name))
    raise UnknownNameError('robot', name, files)


def read_robot(path: Path) -> RobotDescription:
    """Read a robot file.

    Raises:
        UnknownNameError: If it has a setting that does not exist.
        ConfigError: If a setting has the wrong type, range or length.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except yaml.YAMLError as error:
        message = f'{path} is not valid YAML: {error}'
        raise ConfigError(message) from error
    if not isinstance(values, Mapping):
        raise ConfigError(f'{path} must hold settings by name, got {type(values).__name__}.')
    sections = ('name', 'base', 'links', 'tool', 'payload', 'hidden')
    for key in values:
        if key not in sections:
            raise UnknownNameError(f'section of {path}', str(key), sections)
    links = values.get('links')
    if not isinstance(links, list) or not links:
        raise ConfigError(f'{path} must list at least one link under "links".')
    robot = RobotDescription(
        name=str(values.get('name', path.stem)),
        base=_section(Body, values.get('base', {}), 'base'),
        links=tuple(_section(Link, link, f'links.{i}') for i, link in enumerate(links)),
        tool=_section(Body, values.get('tool', {}), 'tool'),
        payload=_section(Payload, values.get('payload', {}), 'payload'),
        hidden=_section(HiddenPhysics, values.get('hidden', {}), 'hidden'),
    )
    _check(robot, path)
    return robot


def _section(cls: type[T], values: object, name: str) -> T:
    """Build one section of a robot file."""
    if not isinstance(values, Mapping):
        raise ConfigError(f'{name} must hold settings by name, got {values!r}.')
    return build(cls, flatten(values, f'{name}.'), f'{name}.')


def _check(robot: RobotDescription, path: Path) -> None:
    """Raise :class:`ConfigError` for what no single setting can show."""
    for body in (robot.base, *robot.links, robot.tool):
        for what, value, length in (
            ('position', body.position, 3),
            ('quaternion', body.quaternion, 4),
            ('center_of_mass', body.center_of_mass, 3),
            ('inertia', body.inertia, 6),
        ):
            if len(value) != length:
                raise ConfigError(
                    f'{path}: {what} of {body.name} must have {length} values, got {len(value)}.'
                )
    names = robot.joint_names
    if not all(names) or len(set(names)) != len(names):
        raise ConfigError(f'{path}: joints need different names, got {list(names)}.')
    for joint in robot.joints:
        reach = (joint.home - joint.amplitude, joint.home + joint.amplitude)
        if joint.type != 'continuous' and not joint.lower <= reach[0] <= reach[1] <= joint.upper:
            raise ConfigError(
                f'{path}: {joint.name} would move over {reach}, '
                f'outside of its range ({joint.lower}, {joint.upper}).'
            )
