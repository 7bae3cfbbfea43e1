# SPDX-License-Identifier: Apache-2.0
"""Nothing changes: the opponent that every forecast has to beat."""

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
