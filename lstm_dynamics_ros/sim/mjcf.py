# SPDX-License-Identifier: Apache-2.0
"""MuJoCo models of the embedded robots, written as MJCF."""

from collections.abc import Iterable, Sequence

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.robot import Body, Joint, Link, RobotDescription

STEP = 0.001
"""Physics and inner control step [s]."""

SHORTEST_LAG = 1e-6
"""Lag [s] of a drive without lag: it settles within one step, and still has a torque state."""

MAXWELL_ELEMENTS = ((0.4, 0.004), (0.4, 0.02))
"""Force as a fraction of Coulomb friction and yield angle [rad] of each Maxwell-slip element."""


POINT_INERTIA = 1e-9
"""Inertia of a point mass [kg m^2]: the engine wants one above zero."""


def nominal_mjcf(
    robot: RobotDescription,
    *,
    payload: float = 0.0,
    point_mass: float = 0.0,
    at: Sequence[float] | Vector = (0.0, 0.0, 0.0),
    shapes: bool = False,
) -> str:
    """Return the robot as its maker describes it: rigid bodies, no friction or stops.

    Args:
        robot: What to model.
        payload: Mass of its payload [kg]; its maker knows of none.
        point_mass: Mass of a point on the last link [kg].
        at: Where that point is in the frame of the link [m] (3,).
        shapes: Whether to add bodies to look at.
    """
    motors = ''.join(
        f'<motor name="{j.name}" joint="{j.name}" ctrlrange="{-j.effort_limit} {j.effort_limit}"/>'
        for j in robot.joints
    )
    load = _payload(robot, payload)
    if point_mass > 0.0:
        load += (
            f'<body name="point" pos="{_row(at)}"><inertial pos="0 0 0" mass="{point_mass}" '
            f'diaginertia="{_row([POINT_INERTIA] * 3)}"/></body>'
        )
    return _model(f'{robot.name}_nominal', robot, motors, load, limits='disable', shapes=shapes)


def real_mjcf(robot: RobotDescription, hidden: HiddenPhysics, *, shapes: bool = False) -> str:
    """Return the robot as it really is: with payload, friction, ripple, lag and delay.

    Args:
        robot: What to model.
        hidden: What its nominal model does not know.
        shapes: Whether to add bodies to look at.
    """
    drives = ''.join(_drive(joint, hidden) for joint in robot.joints)
    tendons = ''
    if hidden.maxwell_slip:
        tendons = ''.join(_maxwell_slip(joint, hidden) for joint in robot.joints)
    load = _payload(robot, hidden.payload)
    return _model(f'{robot.name}_real', robot, drives, load, tendons, shapes=shapes)


def _model(
    name: str,
    robot: RobotDescription,
    actuators: str,
    payload: str = '',
    tendons: str = '',
    *,
    limits: str = 'enable',
    shapes: bool,
) -> str:
    """Return a whole model. Contacts are off: the robots only know their own limits."""
    opened = ''.join(_link(link, shapes=shapes) for link in robot.links)
    tool = f'{_body(robot.tool, shapes=shapes)}</body>'
    return (
        f'<mujoco model="{name}"><compiler angle="radian"/>'
        f'<option timestep="{STEP}" integrator="implicitfast">'
        f'<flag contact="disable" limit="{limits}"/></option>'
        '<default><geom contype="0" conaffinity="0" mass="0" rgba=".92 .93 .95 1"/></default>'
        f'<worldbody>{_body(robot.base, shapes=shapes)}{opened}{tool}{payload}'
        f'{"</body>" * len(robot.links)}</body></worldbody>'
        f'<tendon>{tendons}</tendon><actuator>{actuators}</actuator></mujoco>'
    )


def _body(body: Body, *, shapes: bool) -> str:
    """Return the opening tag and the content of a body."""
    return (
        f'<body name="{body.name}" pos="{_row(body.position)}" quat="{_row(body.quaternion)}">'
        f'<inertial mass="{body.mass}" pos="{_row(body.center_of_mass)}" '
        f'fullinertia="{_row(body.inertia)}"/>'
        f'{"".join(map(_shape, body.shapes)) if shapes else ""}'
    )


def _link(link: Link, *, shapes: bool) -> str:
    """Return the opening tag and the content of a body with its joint."""
    joint = link.joint
    kind = 'slide' if joint.type == 'prismatic' else 'hinge'
    limits = '' if joint.type == 'continuous' else f' range="{joint.lower} {joint.upper}"'
    return (
        f'{_body(link, shapes=shapes)}<joint name="{joint.name}" type="{kind}" '
        f'axis="{_row(joint.axis)}" armature="{joint.armature}"{limits}/>'
    )


def _payload(robot: RobotDescription, mass: float) -> str:
    """Return the box on the last link; nothing without mass."""
    if mass <= 0.0:
        return ''
    half = _row(0.5 * edge for edge in robot.payload.size)
    return (
        f'<body name="payload" pos="{_row(robot.payload.position)}">'
        f'<geom type="box" size="{half}" mass="{mass}" rgba=".8 .3 .2 1"/></body>'
    )


def _drive(joint: Joint, hidden: HiddenPhysics) -> str:
    """Return an actuator with dead time, lag, LuGre friction and ripple.

    With unit motor constant and resistance the current of MuJoCo's ``dcmotor`` is the torque, and
    its electrical time constant is the lag.
    """
    friction, scale = joint.friction, hidden.friction_scale
    text = (
        f'<dcmotor name="{joint.name}" joint="{joint.name}" input="ff" resistance="1" '
        f'motorconst="1" inductance="0 {max(hidden.lag, SHORTEST_LAG)}" '
        f'ctrlrange="{-joint.effort_limit} {joint.effort_limit}" '
        f'damping="{friction.viscous * scale}"'
    )
    dead_steps = round(hidden.delay / STEP)
    if dead_steps > 0:
        text += f' delay="{dead_steps * STEP}" nsample="{dead_steps + 2}"'
    if friction.bristle_stiffness * scale > 0.0:
        values = (
            friction.bristle_stiffness * scale,
            friction.bristle_damping * scale,
            friction.coulomb * scale,
            friction.static * scale,
            friction.stribeck_velocity,
        )
        text += f' lugre="{_row(values)}"'
    ripple = joint.cogging.amplitude * hidden.cogging_scale
    if ripple > 0.0:
        text += f' cogging="{ripple} {joint.cogging.periods} {joint.cogging.phase}"'
    return f'{text}/>'


def _maxwell_slip(joint: Joint, hidden: HiddenPhysics) -> str:
    """Return springs that yield: they remember where the joint turned round."""
    text = ''
    for index, (fraction, angle) in enumerate(MAXWELL_ELEMENTS):
        force = fraction * joint.friction.coulomb * hidden.friction_scale
        if force > 0.0:
            text += (
                f'<fixed name="{joint.name}_slip{index}" stiffness="{force / angle}" '
                f'springyield="{angle}" springlength="0">'
                f'<joint joint="{joint.name}" coef="1"/></fixed>'
            )
    return text


def _shape(shape: str) -> str:
    """Return a body part to look at."""
    kind, *numbers = shape.split()
    if kind == 'capsule':
        return f'<geom type="capsule" fromto="{" ".join(numbers[:6])}" size="{numbers[6]}"/>'
    return f'<geom type="{kind}" pos="{" ".join(numbers[:3])}" size="{" ".join(numbers[3:])}"/>'


def _row(values: Iterable[float]) -> str:
    """Return numbers as MJCF writes them, with full precision."""
    return ' '.join(repr(float(value)) for value in values)
