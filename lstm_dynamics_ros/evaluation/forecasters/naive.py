# SPDX-License-Identifier: Apache-2.0
"""The naive baselines: nothing changes, or every joint goes on as it moves now."""

from collections.abc import Sequence

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import (
    check_request,
    Forecaster,
    FORECASTERS,
    Forecasts,
    Starts,
)
import numpy as np


@FORECASTERS.register('persistence')
class Persistence(Forecaster):
    """Every joint keeps its position, velocity and effort."""

    name = 'persistence'

    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        """See the base class."""
        check_request(segment, starts, horizons, mode, self.required_steps)
        kinds = {
            'position': segment.position,
            'velocity': segment.velocity,
            'effort': segment.effort,
        }
        return {
            kind: np.repeat(values[starts][:, None], len(horizons), axis=1)
            for kind, values in kinds.items()
        }


@FORECASTERS.register('constant_velocity')
class ConstantVelocity(Forecaster):
    """Position grows by velocity times time; the velocity stays."""

    name = 'constant_velocity'

    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        """See the base class."""
        check_request(segment, starts, horizons, mode, self.required_steps)
        ahead = segment.dt * np.asarray(horizons, dtype=np.float64)  # (H,) [s]
        position = segment.position[starts][:, None]
        velocity = segment.velocity[starts][:, None]
        return {
            'position': position + ahead[None, :, None] * velocity,
            'velocity': np.repeat(velocity, len(ahead), axis=1),
        }
