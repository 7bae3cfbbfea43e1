# SPDX-License-Identifier: Apache-2.0
"""Baxter's left arm: torque from motion."""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_bench.published.protocols.baxter_ugr import score_baxter_ugr
from lstm_dynamics_bench.published.robot_set import (
    Figure,
    Judged,
    Opponents,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
import numpy as np

KEY = 'baxter_ugr_rmse_nm'


@SETS.register('baxter_ugr')
class BaxterUgr(RealSet):
    """Inverse, the authors' split by file."""

    title = 'Baxter, 7 elastic joints: motion to torque'
    figures = (
        Figure(
            key='ratio', title='RMSE over that of the ridge, mean of joints', bar=0.85, goal=0.70
        ),
    )
    frozen_keys = (KEY,)
    urdf = 'config/urdf/baxter_left_arm.urdf'

    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:
        """See the base class."""
        (one,) = judged
        table = score_baxter_ugr(one.loaded, one.test, one.training)
        ridge = np.asarray(opponents.frozen[KEY])
        table = replace(table, figures={**table.figures, 'ridge': {'rmse': ridge}})
        first = one.test[0]
        return SetScore(
            figures={'ratio': float(np.mean(table.figures['model']['rmse'] / ridge))},
            tables=(table,),
            traces=(
                Trace.thinned(
                    first.name,
                    'N m',
                    first.dt,
                    first,
                    first.effort,
                    predict_effort(one.loaded, first),
                ),
            ),
        )
