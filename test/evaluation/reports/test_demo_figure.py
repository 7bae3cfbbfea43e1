# SPDX-License-Identifier: Apache-2.0
"""The picture of a demo run is written whole."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.reports.demo_figure import write_demo_figure
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from PIL import Image
import pytest

SECOND = 1_000_000_000


@pytest.fixture
def effect() -> CorrectionEffect:
    """Return 20 s of two joints that track ten times better after arming at 10 s."""
    stamp_ns = np.arange(0, 20 * SECOND, SECOND // 100)
    size = np.where(stamp_ns < 10 * SECOND, 0.01, 0.001)
    return CorrectionEffect(
        joint_names=('joint1', 'joint2'),
        stamp_ns=stamp_ns,
        error=np.stack([size, 2 * size], axis=1),
        torque_stamp_ns=stamp_ns[1000:],
        torque=np.ones((1000, 2)),
        asked_ns=10 * SECOND,
        armed_ns=10 * SECOND,
        fade_in=1.0,
        period=10.0,
    )


def test_tracking_makes_it_a_little_higher(
    effect: CorrectionEffect,
    make_replay: Callable[..., ReplayResult],
    forward_model: LoadedModel,
    oscillators: list[Segment],
    tmp_path: Path,
) -> None:
    scores = evaluate(forward_model, oscillators[3:]).known_torque
    assert scores is not None
    path = tmp_path / 'demo.png'
    write_demo_figure(path, make_replay(), scores, [120.0, 900.0], effect=effect, horizon=10)
    with Image.open(path) as picture:
        assert picture.size == (1300, 840)
        assert len(np.unique(np.asarray(picture))) > 20


@pytest.mark.parametrize('latency', [[], [120.0, 130.0, 180.0, 900.0]])
def test_it_is_a_png_of_the_right_size(
    latency: list[float],
    make_replay: Callable[..., ReplayResult],
    forward_model: LoadedModel,
    oscillators: list[Segment],
    tmp_path: Path,
) -> None:
    scores = evaluate(forward_model, oscillators[3:]).known_torque
    assert scores is not None
    write_demo_figure(tmp_path / 'demo.png', make_replay(), scores, latency, horizon=10)
    assert [file.name for file in tmp_path.iterdir()] == ['demo.png']
    with Image.open(tmp_path / 'demo.png') as picture:
        assert picture.size == (1300, 720)
        assert len(np.unique(np.asarray(picture))) > 20
