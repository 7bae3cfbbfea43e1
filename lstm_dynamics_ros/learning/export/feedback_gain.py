# SPDX-License-Identifier: Apache-2.0
"""How much of a tracking error a model turns into torque.

A network that sees where the robot is and where it should be learns the feedback of the robot's
own controller: torque = gain x tracking error. Added to that controller it is a second, delayed
feedback loop. So every measured position is shifted a little while the motion asked about stays,
as a tracking error would, and the change of the prediction is measured.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.card import PAST_KIND
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.derived_segments import disturbances, MotionSegment
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
import torch

OFFSET = 1e-3
"""Shift of a measured position [rad] or [m]."""

STEPS = 400
"""Steps over which the model settles and is looked at; the second half counts [steps]."""


@torch.no_grad()
def measure_feedback_gain(
    model: Model,
    segments: Sequence[Segment],
    settings: ControlSettings,
    prior: RigidBodyPrior | None,
) -> tuple[float, ...]:
    """Return the gain from a constant offset of each measured position to the prediction.

    Args:
        model: A model with a disturbance feature.
        segments: Validation data, as
            :func:`~lstm_dynamics_ros.learning.derived_segments.motion_segment` makes it.
        settings: What the model is.
        prior: Rigid-body prior.

    Returns:
        Root mean square over time of the largest change of any joint's prediction per offset,
        for an offset of each joint [N m/rad] or [N/m].
    """
    longest = max(segments, key=len)
    steps = min(STEPS, len(longest))
    blocks = [getattr(longest, kind)[:steps] for kind in settings.signals]
    column = settings.signals.index('disturbance')
    effort = longest.effort[:steps]
    nominal = np.zeros_like(effort)
    if prior is not None and isinstance(longest, MotionSegment):
        motion = (longest.position, longest.velocity, longest.acceleration)
        nominal = prior.torque(*(part[:steps] for part in motion))
    wraps = continuous_joints(longest.joint_types)
    rows = []
    for joint in (None, *range(model.n_joints)):
        position = longest.position[:steps].copy()
        if joint is not None:
            position[:, joint] += OFFSET
        blocks[column], past = disturbances(
            position,
            effort + nominal,
            longest.dt,
            settings.disturbance_bandwidth,
            prior,
            wraps,
            payload=PAST_KIND in settings.signals,
        )
        if PAST_KIND in settings.signals:
            blocks[settings.signals.index(PAST_KIND)] = past
        rows.append(np.hstack(blocks))
    batch = torch.from_numpy(np.stack(rows, 1).astype(np.float32))
    predictions, _ = model.sequence(batch, model.zero_state(batch.shape[1]))
    changes = (predictions[steps // 2 :, 1:] - predictions[steps // 2 :, :1]).abs().amax(-1)
    gains = changes.square().mean(0).sqrt() / OFFSET
    return tuple(float(gain) for gain in gains)
