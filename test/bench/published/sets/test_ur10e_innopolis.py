# SPDX-License-Identifier: Apache-2.0
"""Both protocols of the UR10e on made systems, and its reference ridge on the data itself."""

from pathlib import Path

from lstm_dynamics_bench.published.benchmark import measure
from lstm_dynamics_bench.published.options import RealOptions
from lstm_dynamics_bench.published.robot_set import BaselineFigures, FoldModel
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.sets.ur10e_innopolis import (
    KEY,
    NAME,
    REFERENCE,
    Ur10eForward,
    Ur10eInverse,
)
from lstm_dynamics_bench.published.training import settings_of
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.learning.selection.settings import Choosing
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.workflows.listener import SILENT
import numpy as np
from numpy.testing import assert_allclose
import pytest

DATA = Path(__file__).resolve().parents[5] / 'shared' / 'data'


def test_the_current_counts_from_row_forty_over_the_best_ridge(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    test = oscillators[0]
    model = FoldModel(inverse_model, [test], oscillators[1:])
    error = (predict_effort(inverse_model, test) - test.effort)[40:]
    own = ((error**2).mean(axis=0) / test.effort[40:].var(axis=0)).mean()
    table = Ur10eInverse().protocol(model)
    assert table.mean('model', 'nMSE') == pytest.approx(own)
    assert table.notes[0].startswith('ridge: order ')
    ridge = table.mean('ridge', 'nMSE')
    for reference, best in ((0.5 * ridge, 0.5 * ridge), (2 * ridge, ridge)):
        baselines = BaselineFigures(Path(), {KEY: [reference] * 7})
        figures = Ur10eInverse().score([model], baselines).figures
        assert figures == pytest.approx({'nmse': own, 'ratio': own / best})


def test_a_cell_is_over_the_best_baseline_and_their_mean_is_geometric(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    model = FoldModel(forward_model, oscillators[:1], oscillators[1:])
    score = Ur10eForward().score([model], BaselineFigures(Path(), {}))
    table, figures = score.tables[0], score.figures
    others = [table.mean(name, 'causal velocity 50') for name in table.figures if name != 'model']
    expected = table.mean('model', 'causal velocity 50') / min(others)
    assert figures['causal_velocity_50_ratio'] == pytest.approx(expected)
    cells = [v for k, v in figures.items() if k.startswith('causal_') and k != 'causal_ratio']
    assert len(cells) == 6
    assert figures['causal_ratio'] == pytest.approx(np.prod(cells) ** (1 / 6))
    assert any(note.startswith('ridge: order ') for note in table.notes)


def test_a_forward_model_alone_has_a_table_without_the_ridge(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    table = Ur10eForward().protocol(FoldModel(forward_model, oscillators[:1]))
    assert list(table.figures) == ['model', 'persistence', 'constant_velocity']


def test_without_a_file_both_are_chosen_as_train_does(tmp_path: Path) -> None:
    for kind in ('inverse', 'forward'):
        settings, choosing = settings_of(f'{NAME}_{kind}', 3, tmp_path)
        assert (settings.model_kind, settings.seed, settings.dt) == (kind, 3, 0.0)
        assert choosing == Choosing(budget=10.0)  # five minutes of two cores


def test_with_a_budget_others_are_chosen_too() -> None:
    assert settings_of('emps', 0, None).choosing is None
    settings, choosing = settings_of('emps', 0, None, 2.0)
    assert (settings.model_kind, settings.dt, settings.hidden_size) == ('inverse', 1e-3, 128)
    assert choosing == Choosing(budget=4.0)


def test_the_folder_stands_for_both_and_nothing_is_trained_before_the_ridge_comes_out(
    real_data: Path, tmp_path: Path
) -> None:
    options = RealOptions(data=real_data, cache=tmp_path, sets=(NAME,), workers=1)
    with pytest.raises(DataError, match=f'{KEY}: .* 0.205'):
        measure(options, SILENT)
    assert sum(spec.folder == NAME for spec in map(SETS.__getitem__, SETS)) == 2
    assert not (tmp_path / 'models').exists()


@pytest.mark.skipif(not (DATA / NAME).is_dir(), reason=f'the data set is not in {DATA}')
def test_the_reference_ridge_comes_out_as_written_down(tmp_path: Path) -> None:
    made = Ur10eInverse().reproduced(DATA / NAME, '', tmp_path)[KEY].ours
    assert_allclose(made, REFERENCE, rtol=0.02)
