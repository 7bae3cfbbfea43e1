# SPDX-License-Identifier: Apache-2.0
"""URDF of the embedded robots: what their maker would give away about them."""

from collections.abc import Iterable

from lstm_dynamics_ros.sim.robot import Body, Joint, Link, RobotDescription
import numpy as np

NEARLY_UPRIGHT = 1e-9
"""Below this cosine of the pitch roll and yaw turn about the same axis; yaw is then zero."""


def nominal_urdf(robot: RobotDescription) -> str:
    """Return the robot as its maker describes it: rigid bodies and limits, nothing to look at.

    A URDF cannot hold the inertia of the rotors; give it to the rigid-body prior beside this, as
    ``armature``.

    Args:
        robot: What to describe.
    """
    parts = [f'<robot name="{robot.name}"><link name="world"/>', _link(robot.base)]
    parts.append(_fixed('world', robot.base))
    parent: Body = robot.base
    for link in robot.links:
        parts += [_link(link), _moving(parent, link)]
        parent = link
    parts += [_link(robot.tool), _fixed(parent.name, robot.tool), '</robot>']
    return '\n'.join(parts)


def _link(body: Body) -> str:
    """Return a body with its inertia."""
    names = ('ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz')
    inertia = ' '.join(f'{n}="{_row([v])}"' for n, v in zip(names, body.inertia, strict=True))
    return (
        f'<link name="{body.name}"><inertial><origin xyz="{_row(body.center_of_mass)}"/>'
        f'<mass value="{_row([body.mass])}"/><inertia {inertia}/></inertial></link>'
    )


def _fixed(parent: str, body: Body) -> str:
    """Return the joint that holds a body."""
    return (
        f'<joint name="{body.name}_mount" type="fixed"><parent link="{parent}"/>'
        f'<child link="{body.name}"/>{_origin(body)}</joint>'
    )


def _moving(parent: Body, link: Link) -> str:
    """Return the joint that moves a link."""
    joint = link.joint
    return (
        f'<joint name="{joint.name}" type="{joint.type}"><parent link="{parent.name}"/>'
        f'<child link="{link.name}"/>{_origin(link)}<axis xyz="{_row(joint.axis)}"/>'
        f'<limit {_range(joint)}effort="{_row([joint.effort_limit])}" '
        f'velocity="{_row([joint.velocity_limit])}"/></joint>'
    )


def _range(joint: Joint) -> str:
    """Return the ends of the range; a continuous joint has none."""
    if joint.type == 'continuous':
        return ''
    return f'lower="{_row([joint.lower])}" upper="{_row([joint.upper])}" '


def _origin(body: Body) -> str:
    """Return where a body sits in its parent."""
    return f'<origin xyz="{_row(body.position)}" rpy="{_row(_roll_pitch_yaw(body.quaternion))}"/>'


def _roll_pitch_yaw(quaternion: tuple[float, ...]) -> tuple[float, float, float]:
    """Return angles about the fixed axes x, y, z [rad] of a quaternion (w x y z)."""
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    # Entries of the rotation matrix: third row, first column, second column.
    r20, r21, r22 = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
    r00, r10 = 1 - 2 * (y * y + z * z), 2 * (x * y + w * z)
    r01, r11 = 2 * (x * y - w * z), 1 - 2 * (x * x + z * z)
    level = float(np.hypot(r00, r10))
    pitch = float(np.arctan2(-r20, level))
    if level < NEARLY_UPRIGHT:
        sign = -1.0 if r20 > 0 else 1.0
        return float(np.arctan2(sign * r01, r11)), pitch, 0.0
    return float(np.arctan2(r21, r22)), pitch, float(np.arctan2(r10, r00))


def _row(values: Iterable[float]) -> str:
    """Return numbers as URDF writes them, with full precision."""
    return ' '.join(repr(float(value)) for value in values)
