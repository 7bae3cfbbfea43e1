# SPDX-License-Identifier: Apache-2.0
"""The protocol of three recordings on a made system."""

from lstm_dynamics_bench.published.robot_set import FoldModel
from lstm_dynamics_bench.published.sets.kuka_weigand2021 import KukaWeigand2021
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest


def test_each_recording_has_its_own_figures_after_row_fifty(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    model = FoldModel(inverse_model, oscillators[1:3], oscillators[:1])
    result = KukaWeigand2021().protocol(model)
    for run in oscillators[1:3]:
        error = (predict_effort(inverse_model, run) - run.effort)[50:]
        rmse = np.sqrt((error**2).mean(axis=0))
        assert_allclose(result.figures['model'][f'{run.name} RMSE'], rmse)
        nmse = (error**2).mean(axis=0) / run.effort[50:].var(axis=0)
        assert_allclose(result.figures['model'][f'{run.name} nMSE'], nmse)
    assert set(result.figures) == {'model', 'ridge', 'train mean'}
    assert result.notes[0].startswith('ridge: order ')


def test_it_wants_the_one_training_recording(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    with pytest.raises(DataError, match='one training recording, got 2'):
        KukaWeigand2021().protocol(FoldModel(inverse_model, oscillators[2:], oscillators[:2]))
    short = [oscillators[1].rows(0, 50)]
    with pytest.raises(DataError, match='50 rows; 51 are needed'):
        KukaWeigand2021().protocol(FoldModel(inverse_model, short, oscillators[:1]))
