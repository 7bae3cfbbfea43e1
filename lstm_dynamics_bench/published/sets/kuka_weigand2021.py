# SPDX-License-Identifier: Apache-2.0
"""A KUKA arm recorded three times for ten seconds: torque from motion."""

from collections.abc import Sequence

from lstm_dynamics_bench.published.protocols.kuka_weigand2021 import JOINTS, score_kuka_weigand2021
from lstm_dynamics_bench.published.robot_set import (
    Figure,
    Fold,
    Judged,
    Opponents,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort


@SETS.register('kuka_weigand2021')
class KukaWeigand2021(RealSet):
    """Inverse, identified on one recording; reported only."""

    title = 'KUKA arm, 3 joints: motion to torque'
    figures = (
        Figure(key='traj_B_nmse', title='recording B, nMSE, mean of joints'),
        Figure(key='traj_C_nmse', title='recording C, nMSE, mean of joints'),
    )
    joints = JOINTS

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """See the base class."""
        return [Fold('model', ('traj_A',), tuple(name for name in names if name != 'traj_A'))]

    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:  # noqa: ARG002
        """See the base class."""
        (one,) = judged
        table = score_kuka_weigand2021(one.loaded, one.test, one.training)
        first = one.test[0]
        return SetScore(
            figures={
                f'{segment.name}_nmse': table.mean('model', f'{segment.name} nMSE')
                for segment in one.test
            },
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
