# SPDX-License-Identifier: Apache-2.0
"""The KR300 protocol on a made robot, against its formulas written out once more."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lstm_dynamics_bench.published.sets.kr300 import free_run, score_kr300, sixty
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import Forecasts, Starts
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import Persistence
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

ROWS = 305
REFERENCE = """
import numpy as np

FROZEN = {}


def ridge(x, y, lam):
    mean, std = x.mean(0), x.std(0)
    std[std < 1e-9] = 1.0
    z = np.hstack([(x - mean) / std, np.ones((len(x), 1))])
    penalty = lam * len(x) * np.eye(z.shape[1])
    penalty[-1, -1] = 0.0
    w = np.linalg.solve(z.T @ z + penalty, z.T @ y)
    return lambda q: np.hstack([(q - mean) / std, np.ones((len(q), 1))]) @ w


def window(features, n):
    padded = np.vstack([np.repeat(features[:1], n - 1, 0), features])
    return np.hstack([padded[k:k + len(features)] for k in range(n)])
"""


class Blocks:
    """Torque u[k] of time k and position y[k] of time k + 1, as in the file [rad]."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.u = np.cumsum(0.3 * rng.normal(size=(count, ROWS, 2)), axis=1)
        self.y = np.empty_like(self.u)
        for block in range(count):
            q = dq = np.zeros(2)
            for k in range(ROWS):
                ddq = self.u[block, k] - 4 * q - 2 * dq + 0.1 * np.sin(3 * q[::-1])
                dq = dq + 0.1 * ddq
                q = q + 0.1 * dq
                self.y[block, k] = q

    def segments(self, make_segment: Callable[..., Segment], name: str) -> list[Segment]:
        """Return them as convert and grid do: torque and position of one time in one row."""
        found = []
        for block, (u, y) in enumerate(zip(self.u, self.y, strict=True)):
            velocity = np.diff(y, axis=0, prepend=y[:1]) / 0.1
            effort = np.vstack([u[1:], np.full((1, 2), np.nan)])
            found.append(make_segment(y, velocity, effort, name=f'{name}_{block}', dt=0.1))
        return found


@pytest.fixture(scope='module')
def robot_model(load: Callable[..., LoadedModel]) -> LoadedModel:
    """A small forward model of two joints at 10 Hz that predicts no effort."""
    return load(dt=0.1, with_effort_target=False)


def test_persistence_is_scored_from_row_twenty_and_in_windows_of_sixty(
    make_segment: Callable[..., Segment],
) -> None:
    made = Blocks(3, seed=0)
    result = score_kr300(Persistence(), made.segments(make_segment, 'test'))
    y = made.y
    expected = np.rad2deg(np.abs(y[:, :1] - y)[:, 20:].mean())
    assert_allclose(result.mean('persistence', 'free run MAE'), expected)
    residual = [
        y[block, start - 1] - y[block, start : start + 60]
        for block in range(3)
        for start in range(60, ROWS - 60, 60)
    ]
    assert len(residual) == 12
    std = y.reshape(-1, 2).std(axis=0)
    nrmse = np.sqrt(((np.vstack(residual) / std) ** 2).mean())
    assert_allclose(np.sqrt(result.mean('persistence', 'sixty nMSE')), nrmse)


def test_the_baselines_are_those_of_the_file(
    make_segment: Callable[..., Segment], tmp_path: Path
) -> None:
    (tmp_path / 'reference.py').write_text(REFERENCE)
    space: dict[str, Any] = {}
    exec(REFERENCE, space)
    ridge, window = space['ridge'], space['window']
    learned, test = Blocks(8, seed=1), Blocks(3, seed=2)
    result = score_kr300(
        Persistence(),
        test.segments(make_segment, 'test'),
        learned.segments(make_segment, 'train'),
        reference=tmp_path,
    )
    fir = ridge(
        np.vstack([window(b, 60)[60:] for b in learned.u]),
        np.vstack([b[60:] for b in learned.y]),
        1e-4,
    )
    error = np.abs(np.stack([fir(window(b, 60)) for b in test.u]) - test.y)[:, 20:].mean()
    # Torque 0 comes before the first position, so it is in no row: the one after stands for it.
    assert_allclose(result.mean('fir(60)', 'free run MAE'), np.rad2deg(error), rtol=0.02)
    t = np.arange(10, ROWS)

    def rows(a: Matrix, b: Matrix, t: Starts) -> Matrix:
        return np.hstack([a[t - k] for k in range(1, 11)] + [b[t - k] for k in range(10)])

    arx = ridge(
        np.vstack([rows(a, b, t) for a, b in zip(learned.y, learned.u, strict=True)]),
        np.vstack([a[t] for a in learned.y]),
        1e-8,
    )
    residual = []
    for a, b in zip(test.y, test.u, strict=True):
        for start in range(60, ROWS - 60, 60):
            s = a[: start + 60].copy()
            for k in range(start, start + 60):
                s[k] = arx(rows(s, b, np.array([k])))[0]
            residual.append((s - a[: start + 60])[start:])
    std = test.y.reshape(-1, 2).std(axis=0)
    nrmse = np.sqrt(((np.vstack(residual) / std) ** 2).mean())
    assert_allclose(np.sqrt(result.mean('arx(10)', 'sixty nMSE')), nrmse, rtol=0.02)


def test_a_free_run_knows_the_first_position_and_the_torques_alone(
    robot_model: LoadedModel, make_segment: Callable[..., Segment], textbook: Callable[..., Any]
) -> None:
    (block,) = Blocks(1, seed=3).segments(make_segment, 'test')
    equations = textbook(dt=0.1, with_effort_target=False)
    block = block.rows(0, 60)
    state, now = equations.zero(1), np.concatenate([block.position[0], np.zeros(2)])
    expected = [now[:2]]
    for effort in block.effort[:-1]:
        output, state = equations.step(np.concatenate([now, effort])[None], state)
        now = output[0]
        expected.append(now[:2])
    run = free_run(ModelForecaster(robot_model), block)
    assert_allclose(run, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('kind', ['position', 'velocity'])
def test_what_is_unknown_changes_nothing(
    robot_model: LoadedModel, make_segment: Callable[..., Segment], kind: str
) -> None:
    model = ModelForecaster(robot_model)
    (block,) = Blocks(1, seed=4).segments(make_segment, 'test')
    values = {name: getattr(block, name).copy() for name in ('position', 'velocity', 'effort')}
    values[kind][1:] += 100.0
    spoilt = make_segment(*values.values(), dt=0.1)
    assert_allclose(free_run(model, spoilt), free_run(model, block))
    windows = sixty(model, block)
    values = {name: getattr(block, name).copy() for name in ('position', 'velocity', 'effort')}
    values[kind][:60] += 100.0  # before the window that starts at row 120
    values[kind][120:] += 100.0  # after its last known row
    values['velocity'][60] += 100.0  # was made with the row before
    spoilt = make_segment(*values.values(), dt=0.1)
    assert_allclose(sixty(model, spoilt)[1], windows[1])
    assert not np.allclose(sixty(model, spoilt)[2], windows[2])


def test_a_diverged_block_has_no_figure_and_is_counted(
    make_segment: Callable[..., Segment],
) -> None:
    class Drift(Persistence):
        """Leaves the robot in every long run."""

        def forecast(
            self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
        ) -> Forecasts:
            forecast = super().forecast(segment, starts, horizons, mode=mode)
            if len(horizons) > 60 and segment.name == 'test_1':
                forecast['position'][:, -1] = 1e6
            return forecast

    learned = Blocks(2, seed=5).segments(make_segment, 'train')
    result = score_kr300(Drift(), Blocks(3, seed=0).segments(make_segment, 'test'), learned)
    assert result.diverged['persistence']['free run MAE'] == (1, 3)
    assert result.mean('persistence', 'free run MAE') == np.inf
    assert np.isfinite(result.mean('persistence', 'sixty nMSE'))
    assert any('free run MAE: 1 of 3 diverged' in note for note in result.notes)


def test_a_block_without_room_for_a_window_is_refused(
    make_segment: Callable[..., Segment],
) -> None:
    (block,) = Blocks(1, seed=0).segments(make_segment, 'test')
    with pytest.raises(DataError, match='120 rows; 121 are needed'):
        score_kr300(Persistence(), [block.rows(0, 120)])
