# SPDX-License-Identifier: Apache-2.0
"""Data for inverse models that are asked along a reference: whole motions and their efforts.

What a robot did stands in for what it was told: the model learns which effort went with a motion,
and never sees how far the robot was from its reference. It cannot learn the feedback of the
robot's own controller from that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from lstm_dynamics_ros.core.card import PAYLOAD_KINDS
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.settings import PAYLOAD, TrainingSettings
from lstm_dynamics_ros.physics.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter
import numpy as np


@dataclass(frozen=True, kw_only=True)
class MotionSegment(Segment):
    """A segment with smooth motion and effort, and with what was measured before them."""

    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2]."""
    disturbance: Matrix
    """Low-passed effort beyond the prior, as old as a correction is late [N m] or [N]."""
    payload_mass: Matrix
    """Effort per mass of a payload in the motion [N m/kg] or [N/kg]; like those that follow of
    shape (n_steps, 0) for a model that is not told."""
    payload_moment_x: Matrix
    """Effort per first moment of a payload [N/kg] or [N/(kg m)]."""
    payload_moment_y: Matrix
    """As above."""
    payload_moment_z: Matrix
    """As above."""
    payload_past: Matrix
    """Effort per mass of a payload in the motion so far, low-passed and as old as the disturbance
    [N m/kg] or [N/kg]."""


def shortest_motion(settings: TrainingSettings) -> int:
    """Return the longest segment that is too short for the filter and the age [steps]."""
    return max(padding(), settings.largest_latency + 3)


def motion_segment(
    segment: Segment, settings: TrainingSettings, prior: RigidBodyPrior | None, number: int
) -> MotionSegment:
    """Return a segment as an inverse model for control learns from it.

    Args:
        segment: Measured positions and efforts, all finite.
        settings: Filters, and the ages of the disturbance.
        prior: Rigid-body prior; its torque is taken off the effort.
        number: Number of the segment; it chooses the age of the disturbance.
    """
    position, velocity, acceleration = smoothed_motion(
        segment.position, segment.dt, settings.motion_cutoff,
        continuous=[kind == 'continuous' for kind in segment.joint_types],
    )  # fmt: skip
    (effort,) = smoothed_motion(segment.effort, segment.dt, settings.motion_cutoff, order=0)
    if prior is not None:
        effort = effort - prior.torque(position, velocity, acceleration)
    more = max(0, settings.largest_latency - settings.least_latency)
    age = settings.least_latency + number % (more + 1)
    told = prior is not None and PAYLOAD in settings.features
    known, past = disturbances(
        segment.position, segment.effort, segment.dt, settings.disturbance_bandwidth, prior,
        [kind == 'continuous' for kind in segment.joint_types], payload=told,
    )  # fmt: skip
    costs = np.empty((len(position), segment.position.shape[1] if told else 0, len(PAYLOAD_KINDS)))
    if told and prior is not None:
        for row, *motion in zip(costs, position, velocity, acceleration, strict=True):
            row[:] = prior.payload_torque(*motion)
    own = {item.name: getattr(segment, item.name) for item in fields(Segment)}
    own |= {'position': position, 'velocity': velocity, 'effort': effort}
    own |= {kind: costs[:, :, k] for k, kind in enumerate(PAYLOAD_KINDS)}
    return MotionSegment(
        **own,
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
    continuous: Sequence[bool],
    *,
    payload: bool = False,
) -> tuple[Matrix, Matrix]:
    """Return the disturbance of every row, as the robot would compute it step by step.

    And what 1 kg of payload cost, through the same low-pass: shape (n_steps, 0) unless asked for.

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
