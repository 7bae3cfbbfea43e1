# SPDX-License-Identifier: Apache-2.0
"""Inverse protocol of the Baxter set of the University of Granada: the authors' split by file.

Source: ``reference.py`` of the data folder; data of B. Valencia-Vidal et al., Front. Neurorobotics
17:1166911, 2023. RMSE of the torque per joint [N m] of each test file after its row 50, mean over
the four files.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    check_lengths,
    effort_trace,
    Figure,
    FoldModel,
    LinearBaseline,
    mean_effort,
    RealSet,
    SETS,
    SetScore,
)
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.metrics import rmse
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
import numpy as np

FIRST_ROW = 50
"""First row that is scored."""

TEST_FILES = 4
"""Files in the authors' test split."""

KEY = 'baxter_ugr_rmse_nm'
"""Key of the frozen ridge."""


@SETS.register('baxter_ugr')
class BaxterUgr(RealSet):
    """Inverse, the authors' split by file."""

    mapping = settings = 'baxter_ugr'
    model_kind = 'inverse'
    title = 'Baxter, 7 elastic joints: motion to torque'
    figures = (
        Figure(
            key='ratio',
            title='RMSE over that of the ridge, mean of joints',
            bar=0.85,
            goal=0.70,
            linear=LinearBaseline('ridge'),
        ),
    )
    frozen_keys = (KEY,)
    urdf = 'config/urdf/baxter_left_arm.urdf'

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """See the base class."""
        (one,) = models
        table = self.protocol(one)
        ridge = np.asarray(baselines.frozen[KEY])
        table = replace(table, figures={**table.figures, 'ridge': {'rmse': ridge}})
        return SetScore(
            figures={'ratio': float(np.mean(table.figures['model']['rmse'] / ridge))},
            tables=(table,),
            traces=(effort_trace(one.loaded, one.test[0]),),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:
        """See the base class."""
        test = model.test
        check_lengths(test, FIRST_ROW + 1)
        figures: dict[str, dict[str, Vector]] = {
            'model': _figure(test, [predict_effort(model.loaded, s) for s in test]),
            'effort_persistence': _figure(
                test, [np.vstack([s.effort[:1], s.effort[:-1]]) for s in test]
            ),
        }
        if model.training:
            mean = mean_effort(model.training)
            figures['train mean'] = _figure(
                test, [np.broadcast_to(mean, s.effort.shape) for s in test]
            )
        notes = [
            'effort_persistence is given the effort measured one step before; the others are not'
        ]
        if len(test) != TEST_FILES:
            notes.append(f'{len(test)} files were scored; the protocol means {TEST_FILES}')
        if reference is not None:
            module = load_reference(reference)
            figures['ridge'] = {'rmse': np.asarray(module.baxter_ugr())}
            notes.append(f'frozen ridge: {module.FROZEN[KEY]}')
        return ProtocolResult(
            protocol='baxter_ugr inverse, authors split, RMSE',
            unit='N m',
            joint_names=test[0].joint_names,
            figures=figures,
            notes=tuple(notes),
        )


def _figure(test: Sequence[Segment], predicted: Sequence[Matrix]) -> dict[str, Vector]:
    """Return the RMSE per joint of each file after the first rows, mean over files."""
    errors = [
        rmse(segment.effort[FIRST_ROW:], rows[FIRST_ROW:])
        for segment, rows in zip(test, predicted, strict=True)
    ]
    return {'rmse': np.mean(errors, axis=0)}
