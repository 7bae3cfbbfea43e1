# SPDX-License-Identifier: Apache-2.0
"""The EMPS protocol on a made axis, against its formulas written out once more."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_bench.published.robot_set import FoldModel
from lstm_dynamics_bench.published.sets.emps import Emps, published_motion
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest
from scipy.signal import butter, decimate, filtfilt


@pytest.fixture(scope='module')
def axis(make_segment: Callable[..., Segment]) -> Segment:
    """Two seconds of a sliding axis at 1 kHz with noise on its encoder, friction in its force."""
    t = 1e-3 * np.arange(2000)
    rng = np.random.default_rng(0)
    q = 0.1 * np.sin(6 * t) + 1e-6 * rng.normal(size=2000)
    force = -95 * 3.6 * np.sin(6 * t) + 20 * np.sign(np.cos(6 * t)) + rng.normal(size=2000)
    velocity = np.diff(q, prepend=q[0]) / 1e-3
    return make_segment(
        q[:, None], velocity[:, None], force[:, None], dt=1e-3, joint_types=('prismatic',)
    )


@pytest.fixture(scope='module')
def axis_model(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> LoadedModel:
    """A small inverse model of one joint at 1 kHz."""
    path = tmp_path_factory.mktemp('m') / 'axis.onnx'
    return load_model(
        make_model(path, dt=1e-3, n_joints=1, joint_types=('prismatic',), kind='inverse')
    )


def test_motion_is_filtered_as_published(axis: Segment) -> None:
    b, a = butter(4, 100 / 500)
    q = filtfilt(b, a, axis.position[:, 0])
    v = np.zeros_like(q)
    v[1:-1] = (q[2:] - q[:-2]) / 2e-3
    v[0], v[-1] = v[1], v[-2]
    made = published_motion(axis)
    assert_allclose(made.position[:, 0], q, rtol=1e-12)
    assert_allclose(made.velocity[:, 0], v, rtol=1e-9, atol=1e-12)


def test_the_figure_is_the_relative_error_of_the_decimated_force(
    axis_model: LoadedModel, axis: Segment
) -> None:
    predicted = predict_effort(axis_model, published_motion(axis))[:, 0]

    def thin(z: np.ndarray) -> np.ndarray:
        return np.asarray(decimate(z[49:], 10, n=8, ftype='iir', zero_phase=True))

    target = thin(axis.effort[:, 0])
    expected = 100 * np.linalg.norm(target - thin(predicted)) / np.linalg.norm(target)
    result = Emps().protocol(FoldModel(axis_model, [axis]))
    assert_allclose(result.mean('model', 'relative error'), expected, rtol=1e-9)
    assert '196 rows' in result.notes[0]


def test_the_baselines_of_the_set_stand_beside_it(
    axis_model: LoadedModel, axis: Segment, tmp_path: Path
) -> None:
    (tmp_path / 'reference.py').write_text(
        'FROZEN = {"emps_relative_error_percent": [6.0, 5.4]}\n'
        'def emps():\n    return FROZEN["emps_relative_error_percent"]\n'
    )
    result = Emps().protocol(FoldModel(axis_model, [axis]), tmp_path)
    assert result.mean('rigid body, asymmetric friction', 'relative error') == 5.4


def test_another_step_and_a_short_file_are_refused(
    axis_model: LoadedModel, axis: Segment, make_segment: Callable[..., Segment]
) -> None:
    with pytest.raises(DataError, match='200 rows; 299 are needed'):
        Emps().protocol(FoldModel(axis_model, [axis.rows(0, 200)]))
    slow = make_segment(np.zeros((500, 1)), dt=0.002)
    with pytest.raises(DataError, match=r'steps of 0\.001 s'):
        Emps().protocol(FoldModel(axis_model, [slow]))
