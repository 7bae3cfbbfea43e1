# SPDX-License-Identifier: Apache-2.0
"""The picture of a demo run is written whole."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.demo_figure import write_demo_figure
from lstm_dynamics_ros.evaluation.evaluate import evaluate
from lstm_dynamics_ros.evaluation.replay_result import ReplayResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from PIL import Image
import pytest


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
