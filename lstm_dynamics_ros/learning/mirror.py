# SPDX-License-Identifier: Apache-2.0
"""The mirror image of a robot as more data.

An arm that is symmetric about a plane moves the same way in a mirror: some joints turn the other
way, by the opposite efforts, the others as before. Gravity must lie in the plane. For a serial
arm whose plane holds the axes of its base: joints with vertical or rolling axes change sign.
"""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
import numpy as np


def with_mirror_image(segments: Sequence[Segment], signs: Sequence[float]) -> list[Segment]:
    """Return segments and the mirror image of each.

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
            item, name=f'{item.name} mirrored', position=factor * item.position,
            velocity=factor * item.velocity, effort=factor * item.effort,
        )
        for item in segments
    ]  # fmt: skip
    return [*segments, *mirrored]
