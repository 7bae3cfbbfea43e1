# SPDX-License-Identifier: Apache-2.0
"""The messages of the bags we write, made from arrays, without a ROS installation."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import cast

from lstm_dynamics_ros.core.state import NANOSECONDS, Vector
from lstm_dynamics_ros.data.bags.cdr import FLOAT_ARRAY, JOINT_STATE, TRAJECTORY
import numpy as np
from rosbags.typesys import get_typestore, Stores
from rosbags.typesys.store import Typestore


@lru_cache(maxsize=1)
def typestore() -> Typestore:
    """Return the message types of ROS 2 Jazzy."""
    return get_typestore(Stores.ROS2_JAZZY)


def _types() -> dict[str, Callable[..., object]]:
    """Return the message classes by name; rosbags types them too narrowly to be called."""
    return cast('dict[str, Callable[..., object]]', typestore().types)


def joint_state(
    stamp_ns: int,
    names: Sequence[str],
    position: Vector,
    velocity: Vector,
    effort: Vector,
) -> object:
    """Return a sensor_msgs/msg/JointState; signals that are NaN throughout are left empty."""
    types = _types()
    return types[JOINT_STATE](
        header=_header(stamp_ns),
        name=list(names),
        position=_or_empty(position),
        velocity=_or_empty(velocity),
        effort=_or_empty(effort),
    )


def joint_trajectory(
    stamp_ns: int,
    names: Sequence[str],
    points: Sequence[Mapping[str, Vector]],
    period: float = 0.0,
) -> object:
    """Return a trajectory_msgs/msg/JointTrajectory.

    Args:
        stamp_ns: Time of the first point [ns].
        names: Joint names.
        points: For each point position, velocity, acceleration and effort, each (n_joints,).
        period: Time between points [s].
    """
    types = _types()
    duration = types['builtin_interfaces/msg/Duration']
    point = types['trajectory_msgs/msg/JointTrajectoryPoint']
    empty = np.empty(0)
    made = []
    for k, values in enumerate(points):
        seconds, rest = divmod(round(k * period * NANOSECONDS), NANOSECONDS)
        made.append(
            point(
                positions=_or_empty(values.get('position', empty)),
                velocities=_or_empty(values.get('velocity', empty)),
                accelerations=_or_empty(values.get('acceleration', empty)),
                effort=_or_empty(values.get('effort', empty)),
                time_from_start=duration(sec=seconds, nanosec=rest),
            )
        )
    return types[TRAJECTORY](header=_header(stamp_ns), joint_names=list(names), points=made)


def float_array(values: Vector) -> object:
    """Return a std_msgs/msg/Float64MultiArray, as effort controllers take it."""
    types = _types()
    layout = types['std_msgs/msg/MultiArrayLayout'](dim=[], data_offset=0)
    return types[FLOAT_ARRAY](layout=layout, data=np.ascontiguousarray(values, np.float64))


def absolute(topic: str) -> str:
    """Return a topic's name as it stands in a bag, with a leading slash."""
    return '/' + topic.strip('/')


def _header(stamp_ns: int) -> object:
    types = _types()
    seconds, rest = divmod(stamp_ns, NANOSECONDS)
    time = types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=rest)
    return types['std_msgs/msg/Header'](stamp=time, frame_id='')


def _or_empty(values: Vector) -> Vector:
    """Return the values, or none at all when all of them are NaN."""
    return np.empty(0) if np.isnan(values).all() else np.ascontiguousarray(values, np.float64)
