# SPDX-License-Identifier: Apache-2.0
"""Inverse protocol of three recordings of a KUKA arm: identify on A, validate on B and C.

Data: J. Weigand, github JonasWeigand/Robot_Identification (MIT), 10 s each at 250 Hz. The split is
theirs; the figures are ours, since none are published: RMSE [N m] and nMSE of the torque per joint
of each file after its row 50.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    check_lengths,
    effort_trace,
    Figure,
    Fold,
    FoldModel,
    mean_effort,
    RealSet,
    SETS,
    SetScore,
)
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import chosen_text
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.metrics import nmse, rmse
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
import numpy as np

JOINTS = ('joint1', 'joint2', 'joint3')
"""Joints that move; the others are held."""

FIRST_ROW = 50
"""First row that is scored."""


@SETS.register('kuka_weigand2021')
class KukaWeigand2021(RealSet):
    """Inverse, identified on one recording; reported only."""

    mapping = settings = 'kuka_weigand2021'
    model_kind = 'inverse'
    title = 'KUKA arm, 3 joints: motion to torque'
    figures = (
        Figure(key='traj_B_nmse', title='recording B, nMSE, mean of joints'),
        Figure(key='traj_C_nmse', title='recording C, nMSE, mean of joints'),
    )
    joints = JOINTS

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """See the base class."""
        return [Fold('model', ('traj_A',), tuple(name for name in names if name != 'traj_A'))]

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:  # noqa: ARG002
        """See the base class."""
        (one,) = models
        table = self.protocol(one)
        return SetScore(
            figures={
                f'{segment.name}_nmse': table.mean('model', f'{segment.name} nMSE')
                for segment in one.test
            },
            tables=(table,),
            traces=(effort_trace(one.loaded, one.test[0]),),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:  # noqa: ARG002
        """See the base class; the set comes without baselines."""
        loaded, test, training = model
        if len(training) != 1:
            raise DataError(f'kuka_weigand2021 has one training recording, got {len(training)}.')
        check_lengths(test, FIRST_ROW + 1)
        ridge = RidgeInverse.fit(training)
        mean = mean_effort(training)
        predicted: Mapping[str, list[Matrix]] = {
            'model': [predict_effort(loaded, segment) for segment in test],
            'ridge': [ridge.predict(segment) for segment in test],
            'train mean': [np.broadcast_to(mean, segment.effort.shape) for segment in test],
        }
        return ProtocolResult(
            protocol='kuka_weigand2021 inverse, identified on A',
            unit='N m for RMSE, 1 for nMSE',
            joint_names=test[0].joint_names,
            figures={name: _figures(test, rows) for name, rows in predicted.items()},
            notes=(chosen_text('ridge', ridge.chosen),),
        )


def _figures(test: Sequence[Segment], predicted: Sequence[Matrix]) -> dict[str, Vector]:
    """Return RMSE and nMSE per joint of each recording."""
    found: dict[str, Vector] = {}
    for segment, rows in zip(test, predicted, strict=True):
        target, prediction = segment.effort[FIRST_ROW:], rows[FIRST_ROW:]
        found[f'{segment.name} RMSE'] = rmse(target, prediction)
        found[f'{segment.name} nMSE'] = nmse(target, prediction)
    return found
