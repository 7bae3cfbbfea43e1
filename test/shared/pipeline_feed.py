# SPDX-License-Identifier: Apache-2.0
"""A smooth motion of two joints as messages, and a pipeline that is fed with such."""

from collections.abc import Iterable, Sequence

from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, Step
import numpy as np


def moving(stamp_ms: float, names: Sequence[str] = ('joint1', 'joint2')) -> RawSample:
    """Return the message of a time; joint2 is 1 rad ahead of joint1."""
    phase = np.array([float(name == 'joint2') for name in names]) + 3e-3 * stamp_ms
    return RawSample(
        round(1e6 * stamp_ms),
        names,
        np.sin(phase).tolist(),
        (3.0 * np.cos(phase)).tolist(),
        np.sin(2.0 * phase).tolist(),
    )


def run(pipeline: Pipeline, samples: Iterable[RawSample]) -> list[Step]:
    """Feed messages one by one and return the steps."""
    ticks = (pipeline.tick([one]) for one in samples)
    return [tick for tick in ticks if tick is not None]
