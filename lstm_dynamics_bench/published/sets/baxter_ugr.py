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
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort, Prior
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

FIRST_ROW = 50
"""First row that is scored."""

TEST_FILES = 4
"""Files in the authors' test split."""


def score_baxter_ugr(
    loaded: LoadedModel,
    test: Sequence[Segment],
    training: Sequence[Segment] = (),
    *,
    reference: Path | None = None,
    prior: Prior | None = None,
) -> ProtocolResult:
    """Score an inverse model on the test files.

    Args:
        loaded: The model.
        test: The test files, whole, from their first row.
        training: The training files, for the row ``train mean``.
        reference: The set's ``reference.py`` or its folder; its ridge is then fitted and scored
            from the set's own files.
        prior: What a residual model's output is added to.

    Raises:
        DataError: If a test file is too short, or the reference cannot be loaded.
    """
    check_lengths(test, FIRST_ROW + 1)
    figures: dict[str, dict[str, Vector]] = {
        'model': _figure(test, [predict_effort(loaded, s, prior=prior) for s in test]),
        'effort_persistence': _figure(
            test, [np.vstack([s.effort[:1], s.effort[:-1]]) for s in test]
        ),
    }
    if training:
        mean = mean_effort(training)
        figures['train mean'] = _figure(
            test, [np.broadcast_to(mean, s.effort.shape) for s in test]
        )
    notes = ['effort_persistence is given the effort measured one step before; the others are not']
    if len(test) != TEST_FILES:
        notes.append(f'{len(test)} files were scored; the protocol means {TEST_FILES}')
    if reference is not None:
        module = load_reference(reference)
        figures['ridge'] = {'rmse': np.asarray(module.baxter_ugr())}
        notes.append(f'frozen ridge: {module.FROZEN["baxter_ugr_rmse_nm"]}')
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


KEY = 'baxter_ugr_rmse_nm'


@SETS.register('baxter_ugr')
class BaxterUgr(RealSet):
    """Inverse, the authors' split by file."""

    mapping = settings = 'baxter_ugr'
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
        table = score_baxter_ugr(one.loaded, one.test, one.training)
        ridge = np.asarray(baselines.frozen[KEY])
        table = replace(table, figures={**table.figures, 'ridge': {'rmse': ridge}})
        return SetScore(
            figures={'ratio': float(np.mean(table.figures['model']['rmse'] / ridge))},
            tables=(table,),
            traces=(effort_trace(one.loaded, one.test[0]),),
        )

    def protocol(
        self,
        loaded: LoadedModel,
        test: Sequence[Segment],
        training: Sequence[Segment],
        reference: Path | None,
    ) -> ProtocolResult:
        """See the base class."""
        return score_baxter_ugr(loaded, test, training, reference=reference)
