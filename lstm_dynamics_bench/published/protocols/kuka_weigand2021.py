# SPDX-License-Identifier: Apache-2.0
"""Inverse protocol of three recordings of a KUKA arm: identify on A, validate on B and C.

Data: J. Weigand, github JonasWeigand/Robot_Identification (MIT), 10 s each at 250 Hz. The split is
theirs; the figures are ours, since none are published: RMSE [N m] and nMSE of the torque per joint
of each file after its row 50.
"""

from collections.abc import Mapping, Sequence

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.metrics import nmse, rmse
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

JOINTS = ('joint1', 'joint2', 'joint3')
"""Joints that move; the others are held."""

FIRST_ROW = 50
"""First row that is scored."""

STRENGTHS = (1e-6, 1e-4, 1e-2, 1.0)
"""Ridge strengths of the opponent to choose from."""

LEARNED = 2 / 3
"""First share of the training recording that they are fitted to when they are chosen."""


def score_kuka_weigand2021(
    loaded: LoadedModel, test: Sequence[Segment], training: Sequence[Segment]
) -> ProtocolResult:
    """Score an inverse model on the recordings it was not identified on.

    Args:
        loaded: The model.
        test: Recordings B and C.
        training: Recording A, for the linear opponent and the row ``train mean``.

    Raises:
        DataError: If there is not one training recording, or a recording is too short.
    """
    if len(training) != 1:
        raise DataError(f'kuka_weigand2021 has one training recording, got {len(training)}.')
    for segment in test:
        if len(segment) <= FIRST_ROW:
            raise DataError(f'{segment.name} has {len(segment)} rows; {FIRST_ROW + 1} are needed.')
    ridge = RidgeInverse.fit(training, strength=ridge_strength(training[0]))
    mean = np.concatenate([segment.effort for segment in training]).mean(axis=0)
    told: Mapping[str, list[Matrix]] = {
        'model': [predict_effort(loaded, segment) for segment in test],
        'ridge': [ridge.predict(segment) for segment in test],
        'train mean': [np.broadcast_to(mean, segment.effort.shape) for segment in test],
    }
    return ProtocolResult(
        protocol='kuka_weigand2021 inverse, identified on A',
        unit='N m for RMSE, 1 for nMSE',
        joint_names=test[0].joint_names,
        figures={name: _figures(test, rows) for name, rows in told.items()},
    )


def ridge_strength(training: Segment) -> float:
    """Return the strength with the least error on the end of the training recording."""
    cut = round(LEARNED * len(training))
    learned, held = training.rows(0, cut), training.rows(cut, len(training))

    def error(strength: float) -> float:
        told = RidgeInverse.fit([learned], strength=strength).predict(held)
        return float(np.mean(rmse(held.effort, told) / held.effort.std(axis=0)))

    return min(STRENGTHS, key=error)


def _figures(test: Sequence[Segment], told: Sequence[Matrix]) -> dict[str, Vector]:
    """Return RMSE and nMSE per joint of each recording."""
    found: dict[str, Vector] = {}
    for segment, rows in zip(test, told, strict=True):
        target, prediction = segment.effort[FIRST_ROW:], rows[FIRST_ROW:]
        found[f'{segment.name} RMSE'] = rmse(target, prediction)
        found[f'{segment.name} nMSE'] = nmse(target, prediction)
    return found
