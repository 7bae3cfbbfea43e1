# SPDX-License-Identifier: Apache-2.0
"""Recordings that are kept on disk."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.data.recording_files import RecordingFiles
import numpy as np
import pytest


@pytest.fixture
def two(make_recording: Callable[..., Recording]) -> list[Recording]:
    """Two recordings, one with tracks."""
    return [make_recording(name='a', tracks=True), make_recording(name='b', seed=1)]


def test_what_is_opened_is_what_was_kept_but_for_the_tracks(
    tmp_path: Path, two: list[Recording]
) -> None:
    for found, expected in zip(RecordingFiles(iter(two), tmp_path), two, strict=True):
        for kind in ('stamp_ns', *KINDS):
            np.testing.assert_array_equal(getattr(found, kind), getattr(expected, kind))
        assert (found.name, found.sha256) == (expected.name, expected.sha256)
        assert found.reference is None


def test_it_is_opened_anew_each_time_and_cannot_be_changed(
    tmp_path: Path, two: list[Recording]
) -> None:
    kept = RecordingFiles(two, tmp_path)
    assert kept[0].position is not kept[0].position
    assert [item.name for item in kept[-1:]] == ['b']
    with pytest.raises(ValueError, match='read-only'):
        kept[1].position[0] = 0.0


def test_nothing_is_left_on_disk(tmp_path: Path, two: list[Recording]) -> None:
    kept = RecordingFiles(two, tmp_path)
    assert any(tmp_path.iterdir())
    del kept
    assert not any(tmp_path.iterdir())
