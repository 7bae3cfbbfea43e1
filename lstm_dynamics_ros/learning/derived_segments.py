# SPDX-License-Identifier: Apache-2.0
"""Segments with signals that are not recorded but computed: smooth motion, prior, mirror image."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from lstm_dynamics_ros.core.card import PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Flags, Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.identification.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.learning.settings import PAYLOAD
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter, RigidBody
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np


@dataclass(frozen=True, kw_only=True)
class MotionSegment(Segment):
    """A segment with smooth motion and effort, and with the disturbance measured before them.

    For inverse models that are asked along a reference. What a robot did stands in for its
    reference: the model learns which effort went with a motion, and never sees how far the robot
    was from its reference. It cannot learn the feedback of the robot's own controller from that.
    """

    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2]."""
    disturbance: Matrix
    """Low-passed effort beyond the prior, as old as a correction is late [N m] or [N]."""
    payload_mass: Matrix
    """Effort per mass of a payload in the motion [N m/kg] or [N/kg]; like those that follow of
    shape (n_steps, 0) for a model without the feature payload."""
    payload_moment_x: Matrix
    """Effort per first moment of a payload [N/kg] or [N/(kg m)]."""
    payload_moment_y: Matrix
    """As above."""
    payload_moment_z: Matrix
    """As above."""
    payload_past: Matrix
    """Effort per mass of a payload in the motion so far, low-passed and as old as the disturbance
    [N m/kg] or [N/kg]."""


def shortest_motion(settings: ControlSettings) -> int:
    """Return the longest segment that is too short for the filter and the age [steps]."""
    return max(padding(), settings.largest_latency + 3)


def motion_segment(
    segment: Segment, settings: ControlSettings, prior: RigidBodyPrior | None, number: int
) -> MotionSegment:
    """Return a segment as an inverse model for control learns from it.

    Args:
        segment: Measured positions and efforts, all finite.
        settings: Filters, and the ages of the disturbance.
        prior: Rigid-body prior; its torque is taken off the effort.
        number: Number of the segment; it chooses the age of the disturbance.
    """
    wraps = continuous_joints(segment.joint_types)
    position, velocity, acceleration = smoothed_motion(
        segment.position, segment.dt, settings.motion_cutoff, continuous=wraps
    )
    (effort,) = smoothed_motion(segment.effort, segment.dt, settings.motion_cutoff, order=0)
    if prior is not None:
        effort = effort - prior.torque(position, velocity, acceleration)
    more = max(0, settings.largest_latency - settings.least_latency)
    age = settings.least_latency + number % (more + 1)
    payload = prior is not None and PAYLOAD in settings.features
    known, past = disturbances(
        segment.position,
        segment.effort,
        segment.dt,
        settings.disturbance_bandwidth,
        prior,
        wraps,
        payload=payload,
    )
    n_joints = segment.position.shape[1]
    efforts = np.empty((len(position), n_joints if payload else 0, len(PAYLOAD_KINDS)))
    if payload and prior is not None:
        for row, *motion in zip(efforts, position, velocity, acceleration, strict=True):
            row[:] = prior.payload_torque(*motion)
    own = {'position': position, 'velocity': velocity, 'effort': effort}
    own |= {kind: efforts[:, :, k] for k, kind in enumerate(PAYLOAD_KINDS)}
    return MotionSegment(
        **(_values(segment) | own),
        acceleration=acceleration,
        disturbance=_aged(known, age),
        payload_past=_aged(past, age),
    )


def _aged(rows: Matrix, age: int) -> Matrix:
    """Return rows as old as the age; the first is held."""
    return np.concatenate([rows[:1].repeat(age, 0), rows[: len(rows) - age]])


def disturbances(
    position: Matrix,
    effort: Matrix,
    dt: float,
    bandwidth: float,
    prior: RigidBodyPrior | None,
    continuous: Flags,
    *,
    payload: bool = False,
) -> tuple[Matrix, Matrix]:
    """Return the disturbance of every row, as the robot would compute it step by step.

    And the effort for 1 kg of payload, through the same low-pass: shape (n_steps, 0) unless asked
    for.

    Args:
        position: Measured positions [rad] or [m], shape (n_steps, n_joints).
        effort: Measured efforts [N m] or [N], same shape.
        dt: Step of the grid [s].
        bandwidth: Pole of the low-pass [rad/s].
        prior: Rigid-body prior.
        continuous: Which joints wrap at +-pi, one per joint.
        payload: Whether to look at a payload, too.
    """
    own = DisturbanceFilter(
        prior, period=dt, bandwidth=bandwidth, continuous=continuous, payload=payload
    )
    found, past = np.empty_like(position), np.empty((len(position), position.shape[1] * payload))
    for row, weight, q, tau in zip(found, past, position, effort, strict=True):
        row[:] = own.update(q, tau)
        if payload:
            weight[:] = own.payload
    return found, past


@dataclass(frozen=True, kw_only=True)
class PriorSegment(Segment):
    """A segment, and the effort of a rigid-body model for the motion measured so far."""

    prior_effort: Matrix
    """Effort of the rigid-body model [N m] or [N], shape (n_steps, n_joints)."""


def with_prior(segment: Segment, prior: RigidBody, *, window: int, delay: int) -> PriorSegment:
    """Return a segment with the effort of a rigid-body model.

    Args:
        segment: Measured motion.
        prior: The rigid-body model.
        window: Measurements that acceleration is made from [steps].
        delay: How old the motion is that the effort is for [steps].
    """
    effort = PriorEffort(
        prior,
        window=window,
        delay=delay,
        dt=segment.dt,
        continuous=continuous_joints(segment.joint_types),
    ).run(segment.position, segment.velocity)
    return PriorSegment(**_values(segment), prior_effort=effort)


def with_mirror_image(segments: Sequence[Segment], signs: Sequence[float]) -> list[Segment]:
    """Return segments and the mirror image of each.

    An arm that is symmetric about a plane moves the same way in a mirror: some joints turn the
    other way, by the opposite efforts, the others as before. Gravity must lie in the plane. For a
    serial arm whose plane holds the axes of its base: joints with vertical or rolling axes change
    sign.

    Args:
        segments: Data of one robot.
        signs: 1 or -1 for each joint; empty for no mirror image.

    Raises:
        ConfigError: If the signs do not fit the joints.
    """
    if not signs:
        return list(segments)
    names = segments[0].joint_names
    if len(signs) != len(names) or any(abs(sign) != 1 for sign in signs):
        raise ConfigError(
            f'mirror_signs must be 1 or -1 for each of {", ".join(names)}, got {list(signs)}.'
        )
    factor = np.array(signs)
    mirrored = [
        replace(
            item,
            name=f'{item.name} mirrored',
            position=factor * item.position,
            velocity=factor * item.velocity,
            effort=factor * item.effort,
        )
        for item in segments
    ]
    return [*segments, *mirrored]


def _values(segment: Segment) -> dict[str, Any]:
    """Return the fields of a segment by name."""
    return {item.name: getattr(segment, item.name) for item in fields(Segment)}
