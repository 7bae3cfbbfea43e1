# SPDX-License-Identifier: Apache-2.0
"""Streams side by side, against one predictor each."""

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.following import follow
from lstm_dynamics_ros.evaluation.robustness.placing import as_recorded, place
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
import numpy as np


def test_every_stream_is_followed_as_by_a_predictor_of_its_own(
    swinging: Recording, forward_model: LoadedModel
) -> None:
    settings = PipelineSettings()
    parts = [swinging.rows(0, 200), swinging.rows(50, 300)]
    gap = np.r_[0:60, 90:150]  # a gap that clears the memory
    parts.append(
        Recording(
            name='gap',
            joint_names=swinging.joint_names,
            joint_types=swinging.joint_types,
            stamp_ns=swinging.stamp_ns[gap],
            position=swinging.position[gap],
            velocity=swinging.velocity[gap],
            effort=swinging.effort[gap],
        )
    )
    streams = [place(as_recorded(part), forward_model.card, settings) for part in parts]
    keep = [np.array([20, 40])] * 3
    for stream, found in zip(streams, follow(forward_model, streams, keep), strict=True):
        alone = Predictor(forward_model)
        told, warm = [], []
        for point in stream.points:
            told.append(alone.update(point))
            warm.append(alone.warm)
        np.testing.assert_allclose(found.told, told, atol=1e-6)
        assert found.warm.tolist() == warm
        assert found.not_finite == 0
        assert [part.shape[1] for part in found.states] == [2, 2]


def test_a_value_that_is_not_finite_is_counted_and_forgotten(
    swinging: Recording, linear_model: LoadedModel
) -> None:
    stream = place(as_recorded(swinging.rows(0, 50)), linear_model.card, PipelineSettings())
    stream.points[30].state.position[0] = np.nan
    (found,) = follow(linear_model, [stream], [np.array([], np.int64)])
    assert found.not_finite == 1
    assert not found.warm[31]
