# SPDX-License-Identifier: Apache-2.0
"""Messages on the grid, and what is known of them when."""

from collections.abc import Callable

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.evaluation.robustness.placing import as_recorded, Messages, place
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

SETTINGS = PipelineSettings()


def test_the_grid_is_that_of_training(swinging: Recording, linear_model: LoadedModel) -> None:
    placed = place(as_recorded(swinging), linear_model.card, SETTINGS)
    (segment,) = segments(swinging, 0.01)
    assert placed.numbers[0] == segment.start_index
    position = np.array([point.state.position for point in placed.points])
    np.testing.assert_array_equal(position, segment.position)


def test_a_point_is_known_when_its_message_has_come(
    make_recording: Callable[..., Recording], linear_model: LoadedModel
) -> None:
    recording = make_recording(np.zeros((5, 2)))
    late = np.array([0, 0, 25, 5, 0]) * 1_000_000
    arrival = np.maximum.accumulate(recording.stamp_ns + late)
    placed = place(Messages(recording, arrival), linear_model.card, SETTINGS)
    due = recording.stamp_ns + 5_000_000
    newest = placed.newest(placed.numbers, due)
    assert newest.tolist() == [0, 1, 1, 1, 4]


def test_nothing_later_than_asked_is_looked_at(
    make_recording: Callable[..., Recording], linear_model: LoadedModel
) -> None:
    recording = make_recording(np.zeros((5, 2)))
    placed = place(as_recorded(recording), linear_model.card, SETTINGS)
    whole = np.full(5, recording.stamp_ns[-1])
    assert placed.newest(placed.numbers - 1, whole).tolist() == [-1, 0, 1, 2, 3]


def test_a_recording_that_starts_over_is_used_up_to_there(
    make_recording: Callable[..., Recording], linear_model: LoadedModel
) -> None:
    recording = make_recording(np.zeros((60, 2)))
    recording.stamp_ns[40:] -= 300_000_000
    placed = place(as_recorded(recording), linear_model.card, SETTINGS)
    assert len(placed.points) == 40
