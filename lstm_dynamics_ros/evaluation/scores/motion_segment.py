# SPDX-License-Identifier: Apache-2.0
"""A recording as an inverse model for control is asked about it: positions, smoothed.

Such a model has accelerations among its features. On the robot they are those of the reference;
in training, and here, they come from measured positions through the filter its card names.
"""

from dataclasses import dataclass, fields
import re

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.physics.differentiate import padding, smoothed_motion
import numpy as np


@dataclass(frozen=True, kw_only=True)
class MotionSegment(Segment):
    """A segment whose position and velocity are smooth, with the acceleration to them."""

    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2], shape (n_steps, n_joints)."""


def motion_segment(segment: Segment, card: ModelCard) -> MotionSegment:
    """Return a segment with the motion that its positions give; NaN where one is missing.

    Args:
        segment: Measured positions.
        card: Card of an inverse model with accelerations.

    Raises:
        ConfigError: If the model is told its disturbance, which depends on the latency of a
            robot, or its card does not say how motion was smoothed.
        TooShortError: If no gap-free stretch outlasts the filter.
    """
    if card.columns('disturbance') is not None:
        raise ConfigError(
            f'{card.name} is told the disturbance measured one latency before, so it is scored as '
            'it runs: lstm-dynamics replay, or benchmark tracking.'
        )
    cutoff = motion_cutoff(card)
    finite = np.isfinite(segment.position).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    motion = np.full((3, *segment.position.shape), np.nan)
    for start, stop in edges.reshape(-1, 2):
        if stop - start > padding():
            motion[:, start:stop] = smoothed_motion(
                segment.position[start:stop], segment.dt, cutoff,
                continuous=[kind == 'continuous' for kind in segment.joint_types],
            )  # fmt: skip
    if not np.isfinite(motion).any():
        lengths = np.diff(edges.reshape(-1, 2), axis=1)
        longest = float(lengths.max(initial=0)) * segment.dt
        raise TooShortError(longest, (padding() + 1) * segment.dt)
    own = {item.name: getattr(segment, item.name) for item in fields(Segment)}
    own |= {'position': motion[0], 'velocity': motion[1]}
    return MotionSegment(**own, acceleration=motion[2])


def motion_cutoff(card: ModelCard) -> float:
    """Return the cut-off that the motion of a model's training data passed [Hz].

    Raises:
        ConfigError: If the card does not tell.
    """
    told = str(card.provenance.get('acceleration', ''))
    found = re.search(r'([0-9.]+) Hz$', told)
    if found is None:
        raise ConfigError(
            f'The card of {card.name} does not say through which low-pass its accelerations came: '
            f'its provenance has {told!r} under acceleration. Export it again.'
        )
    return float(found.group(1))
