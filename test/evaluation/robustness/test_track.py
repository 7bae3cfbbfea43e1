# SPDX-License-Identifier: Apache-2.0
"""At which grid points an answer is asked."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.track import shortened, tracks
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

SETTINGS = PipelineSettings()
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
    recording = Recording(
        name='hole',
        joint_names=swinging.joint_names,
        joint_types=swinging.joint_types,
        stamp_ns=swinging.stamp_ns[kept],
        position=swinging.position[kept],
        velocity=swinging.velocity[kept],
        effort=swinging.effort[kept],
    )
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
