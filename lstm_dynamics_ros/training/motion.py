# SPDX-License-Identifier: Apache-2.0
"""Data for inverse models that are asked along a reference: whole motions and their efforts.

What a robot did stands in for what it was told: the model learns which effort went with a motion,
and never sees how far the robot was from its reference. It cannot learn the feedback of the
robot's own controller from that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.disturbance import DisturbanceFilter
from lstm_dynamics_ros.physics.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.physics.prior import RigidBodyPrior
from lstm_dynamics_ros.state import Matrix
from lstm_dynamics_ros.training.settings import TrainingSettings
import numpy as np


@dataclass(frozen=True, kw_only=True)
class MotionSegment(Segment):
    """A segment with smooth motion and effort, and with what was measured before them."""

    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2]."""
    disturbance: Matrix
    """Low-passed effort beyond the prior, as old as a correction is late [N m] or [N]."""


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
    known = disturbance(segment, settings.disturbance_bandwidth, prior)
    own = {item.name: getattr(segment, item.name) for item in fields(Segment)}
    own |= {'position': position, 'velocity': velocity, 'effort': effort}
    return MotionSegment(
        **own,
        acceleration=acceleration,
        disturbance=np.concatenate([known[:1].repeat(age, 0), known[: len(known) - age]]),
    )


def disturbance(segment: Segment, bandwidth: float, prior: RigidBodyPrior | None) -> Matrix:
    """Return the disturbance feature of every row of a segment, shape (n_steps, n_joints)."""
    return disturbances(
        segment.position, segment.effort, segment.dt, bandwidth, prior,
        [kind == 'continuous' for kind in segment.joint_types],
    )  # fmt: skip


def disturbances(
    position: Matrix,
    effort: Matrix,
    dt: float,
    bandwidth: float,
    prior: RigidBodyPrior | None,
    continuous: Sequence[bool],
) -> Matrix:
    """Return the disturbance of every row, as the robot would compute it step by step.

    Args:
        position: Measured positions [rad] or [m], shape (n_steps, n_joints).
        effort: Measured efforts [N m] or [N], same shape.
        dt: Step of the grid [s].
        bandwidth: Pole of the low-pass [rad/s].
        prior: Rigid-body prior.
        continuous: Which joints wrap at +-pi, one per joint.
    """
    own = DisturbanceFilter(prior, period=dt, bandwidth=bandwidth, continuous=continuous)
    rows = zip(position, effort, strict=True)
    return np.array([own.update(q, tau) for q, tau in rows])
