# SPDX-License-Identifier: Apache-2.0
"""Streams of joint states, and what a model predicts from them."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.evaluation.robustness.streams import (
    as_recorded,
    follow,
    Messages,
    place,
    shortened,
    tracks,
)
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
import numpy as np
from numpy.typing import NDArray
import pytest

SETTINGS = PipelineSettings()


def only(recording: Recording, rows: NDArray[np.int64]) -> Recording:
    """Return a recording with some of its rows."""
    parts = {name: getattr(recording, name)[rows] for name in ('stamp_ns', *KINDS)}
    return replace(recording, **parts)


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


def test_every_stream_is_followed_as_by_a_predictor_of_its_own(
    swinging: Recording, forward_model: LoadedModel
) -> None:
    settings = PipelineSettings()
    parts = [swinging.rows(0, 200), swinging.rows(50, 300)]
    gap = np.r_[0:60, 90:150]  # a gap that clears the memory
    parts.append(only(swinging, gap))
    streams = [place(as_recorded(part), forward_model.card, settings) for part in parts]
    keep = [np.array([20, 40])] * 3
    for stream, found in zip(streams, follow(forward_model, streams, keep), strict=True):
        alone = Predictor(forward_model)
        predicted, warm = [], []
        for point in stream.points:
            predicted.append(alone.update(point))
            warm.append(alone.warm)
        np.testing.assert_allclose(found.predicted, predicted, atol=1e-6)
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


PAST = SETTINGS.max_gap_steps


def test_answers_are_asked_between_washout_and_horizon(
    swinging: Recording, forward_model: LoadedModel
) -> None:
    (track,) = tracks([swinging.rows(0, 100)], forward_model.card, SETTINGS, horizon=10, most=0)
    washout = forward_model.card.washout_steps
    assert track.rows[0] == washout + PAST - 1
    assert track.rows[-1] == 100 - 10 - 1


def test_nothing_is_asked_about_what_is_bridged(
    swinging: Recording, forward_model: LoadedModel
) -> None:
    kept = np.r_[0:50, 53:120]
    recording = only(swinging, kept)
    (track,) = tracks([recording], forward_model.card, SETTINGS, horizon=10, most=0)
    bridged = np.flatnonzero([point.filled for point in track.placed.points])
    for row in bridged:
        near = (track.rows >= row - 10) & (track.rows <= row + PAST)
        assert not near.any()


def test_fewer_answers_are_spread_evenly(swinging: Recording, forward_model: LoadedModel) -> None:
    (track,) = tracks([swinging], forward_model.card, SETTINGS, horizon=10, most=40)
    assert len(track.rows) == 40
    assert np.ptp(np.diff(track.rows)) <= 1


def test_recordings_are_cut_to_equal_shares_of_the_time(
    make_recording: Callable[..., Recording],
) -> None:
    long, short = make_recording(np.zeros((5001, 1))), make_recording(np.zeros((501, 1)))
    cut = shortened([long, short], 30.0)
    assert [round(item.duration, 3) for item in cut] == [25.0, 5.0]
    assert [item.duration for item in shortened([long, short], 1e9)] == [50.0, 5.0]


def test_too_short_a_recording_is_refused(swinging: Recording, forward_model: LoadedModel) -> None:
    with pytest.raises(TooShortError):
        tracks([swinging.rows(0, 30)], forward_model.card, SETTINGS, horizon=50, most=0)


def test_a_missing_signal_is_named(
    make_recording: Callable[..., Recording], linear_model: LoadedModel
) -> None:
    silent = make_recording(np.zeros((100, 2)), effort=np.full((100, 2), np.nan))
    with pytest.raises(DataError, match='needs effort'):
        tracks([silent], linear_model.card, SETTINGS, horizon=0, most=0)
