# SPDX-License-Identifier: Apache-2.0
"""KUKA LWR: the next position and velocity, each run left out in turn."""

from collections.abc import Sequence

from lstm_dynamics_bench.published.protocols.kuka_lwr import (
    FIRST_SYNC,
    resynchronised,
    score_kuka_lwr,
    split_of,
)
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
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.scores.protocol_result import pooled

ONE_STEP, RESYNC = 'kuka_lwr_one_step_nmse', 'kuka_lwr_resync_nmse'


@SETS.register('kuka_lwr')
class KukaLwr(RealSet):
    """Forward, leave one run out."""

    title = 'KUKA LWR, 7 joints: torque to motion'
    figures = (
        Figure(key='one_step_position_ratio', title='one step, position, nMSE over that of ARX'),
        Figure(
            key='one_step_velocity_ratio',
            title='one step, velocity, nMSE over that of ARX',
            bar=0.80,
            goal=0.60,
        ),
        Figure(
            key='resync_position_ratio',
            title='100 steps, position, nMSE over that of ARX',
            bar=0.60,
            goal=0.30,
        ),
        Figure(
            key='resync_velocity_ratio',
            title='100 steps, velocity, nMSE over that of ARX',
            bar=0.60,
            goal=0.30,
        ),
    )
    frozen_keys = (ONE_STEP, RESYNC)
    horizons = (1, 100)

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """See the base class."""
        return [
            Fold(name, tuple(other for other in names if other != name), (name,)) for name in names
        ]

    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:
        """See the base class."""
        folds = [
            score_kuka_lwr(
                ModelForecaster(one.loaded), one.test[0], one.training, reference=opponents.folder
            )
            for one in judged
        ]
        table = pooled(
            folds, f'kuka_lwr forward, mean of {len(folds)} runs left out in turn, nMSE'
        )
        frozen = [*opponents.frozen[ONE_STEP], *opponents.frozen[RESYNC]]
        first = judged[0]
        run = first.test[0]
        told = resynchronised(ModelForecaster(first.loaded), run)[FIRST_SYNC:]
        joints = len(run.joint_names)
        return SetScore(
            figures={
                figure.key: table.mean('model', column) / linear
                for figure, column, linear in zip(
                    self.figures, table.figures['model'], frozen, strict=True
                )
            },
            tables=(table,),
            traces=(
                Trace.thinned(
                    f'{run.name}, from the last of every 100 rows',
                    'rad/s',
                    run.dt,
                    run,
                    split_of(run).targets[FIRST_SYNC:, joints:],
                    told[:, joints:],
                ),
            ),
        )
