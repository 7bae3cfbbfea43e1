# SPDX-License-Identifier: Apache-2.0
"""The Baxter protocol on a made system and with a made baseline."""

from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import FoldModel
from lstm_dynamics_bench.published.sets.baxter_ugr import BaxterUgr
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

DATA = Path(__file__).resolve().parents[5] / 'shared' / 'data'


def test_the_figure_is_the_mean_over_files_of_the_rmse_after_row_fifty(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    result = BaxterUgr().protocol(FoldModel(inverse_model, oscillators, oscillators))
    errors = [
        np.sqrt(((predict_effort(inverse_model, run) - run.effort)[50:] ** 2).mean(axis=0))
        for run in oscillators
    ]
    assert_allclose(result.figures['model']['rmse'], np.mean(errors, axis=0))
    assert set(result.figures) == {'model', 'effort_persistence', 'train mean'}
    assert len(result.notes) == 1


def test_the_baseline_of_the_set_stands_beside_it(
    inverse_model: LoadedModel, oscillators: list[Segment], tmp_path: Path
) -> None:
    (tmp_path / 'reference.py').write_text(
        'FROZEN = {"baxter_ugr_rmse_nm": [0.5, 0.25]}\n'
        'def baxter_ugr():\n    return FROZEN["baxter_ugr_rmse_nm"]\n'
    )
    result = BaxterUgr().protocol(FoldModel(inverse_model, oscillators[:1]), tmp_path)
    assert_allclose(result.figures['ridge']['rmse'], [0.5, 0.25])
    assert any('1 files were scored; the protocol means 4' in note for note in result.notes)


def test_a_file_too_short_is_refused(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    with pytest.raises(DataError, match='run0 has 50 rows; 51 are needed'):
        BaxterUgr().protocol(FoldModel(inverse_model, [oscillators[0].rows(0, 50)]))


@pytest.mark.skipif(not DATA.is_dir(), reason=f'the published data sets are not in {DATA}')
def test_our_inverse_ridge_is_that_of_the_set() -> None:
    reference = load_reference(DATA)

    def load(part: str) -> list[Segment]:
        files = sorted((DATA / 'baxter_ugr' / part).glob('*.csv'))
        runs = []
        for file in files:
            rows = np.loadtxt(file, skiprows=1)
            runs.append(
                Segment(
                    name=file.stem,
                    joint_names=tuple(f'joint{i}' for i in range(7)),
                    joint_types=('revolute',) * 7,
                    dt=0.01,
                    start_index=0,
                    position=rows[:, :7],
                    velocity=rows[:, 7:14],
                    effort=rows[:, 14:],
                    filled=np.zeros(len(rows), bool),
                )
            )
        return runs

    ridge = RidgeInverse.fit(load('Training'), orders=(20,), strengths=(1e-6,))
    errors = [
        np.sqrt(((ridge.predict(run) - run.effort)[50:] ** 2).mean(axis=0)) for run in load('Test')
    ]
    assert_allclose(np.mean(errors, axis=0), reference.FROZEN['baxter_ugr_rmse_nm'], rtol=2e-2)
