# SPDX-License-Identifier: Apache-2.0
"""KUKA KR300: a minute of positions from torques alone."""

from collections.abc import Sequence
import math

from lstm_dynamics_bench.published.protocols.kr300 import FREE_RUN, free_run, score_kr300, SIXTY
from lstm_dynamics_bench.published.robot_set import (
    Figure,
    Judged,
    Opponents,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
import numpy as np


@SETS.register('kr300')
class Kr300(RealSet):
    """Forward, the authors' split; their validation blocks are not used."""

    title = 'KUKA KR300, 6 joints: torque to position'
    figures = (
        Figure(
            key='free_run_mae_deg',
            title='free run of whole blocks, mean absolute error',
            unit='deg',
            bar=10.8,
            goal=9.0,
        ),
        Figure(
            key='sixty_sixty_nrmse', title='60 known, 60 predicted, NRMSE', bar=0.40, goal=0.33
        ),
    )
    frozen_keys = ('kr300_fir60_mae_deg', 'kr300_arx10_sixty_nrmse')
    horizons = (1, 60)
    no_robustness = (
        'Five torque observers of several passes each are too slow to differentiate for a worst '
        'case.'
    )

    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:
        """See the base class."""
        (one,) = judged
        model = ModelForecaster(one.loaded)
        table = score_kr300(model, one.test, one.training, reference=opponents.folder)
        first = one.test[0]
        told = free_run(model, first)
        return SetScore(
            figures={
                'free_run_mae_deg': table.mean('model', FREE_RUN),
                'sixty_sixty_nrmse': math.sqrt(table.mean('model', SIXTY)),
            },
            tables=(table,),
            traces=(
                Trace.thinned(
                    f'{first.name}, free run',
                    'deg',
                    first.dt,
                    first,
                    np.rad2deg(first.position),
                    np.rad2deg(told),
                ),
            ),
        )
