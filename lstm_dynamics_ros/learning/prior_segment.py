# SPDX-License-Identifier: Apache-2.0
"""A segment with what a rigid body says its motion costs."""

from dataclasses import dataclass, fields

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.signals.disturbance import RigidBody
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort


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
        prior, window=window, delay=delay, dt=segment.dt,
        continuous=[kind == 'continuous' for kind in segment.joint_types],
    ).run(segment.position, segment.velocity)  # fmt: skip
    own = {item.name: getattr(segment, item.name) for item in fields(Segment)}
    return PriorSegment(**own, prior_effort=effort)
