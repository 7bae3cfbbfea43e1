# SPDX-License-Identifier: Apache-2.0
"""The KUKA protocol on a made system, and against the frozen figures where the data is."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.sets.kuka_lwr import score_kuka_lwr
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import Forecasts, Starts
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import Persistence
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

DATA = Path(__file__).resolve().parents[5] / 'shared' / 'data'


def test_persistence_is_scored_from_row_nine_and_synchronised_every_hundred(
    oscillators: list[Segment],
) -> None:
    run = oscillators[0]
    result = score_kuka_lwr(Persistence(), run, oscillators[1:])
    state = np.hstack([run.position, run.velocity])
    target = state[1:]
    one = ((target[9:] - state[9:-1]) ** 2).mean(axis=0) / target[9:].var(axis=0)
    assert_allclose(result.figures['persistence']['one step position'], one[:2])
    assert_allclose(result.figures['persistence']['one step velocity'], one[2:])
    held = state[[49 + (t - 49) // 100 * 100 for t in range(50, len(target))]]
    sync = ((target[50:] - held) ** 2).mean(axis=0) / target[50:].var(axis=0)
    assert_allclose(result.figures['persistence']['resync position'], sync[:2])
    assert_allclose(result.figures['persistence']['resync velocity'], sync[2:])


def test_an_exact_model_has_no_error(oscillators: list[Segment]) -> None:
    exact = fit_arx(oscillators[1:], orders=(1,), strengths=(1e-14,), positions=(True,))
    result = score_kuka_lwr(exact, oscillators[0], oscillators[1:])
    assert max(result.mean('ridge', column) for column in result.figures['ridge']) < 1e-10


def test_a_recurrent_model_is_scored_beside_others(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    model = ModelForecaster(forward_model)
    result = score_kuka_lwr(model, oscillators[0], oscillators[1:], others=[Persistence()])
    assert list(result.figures) == ['model', 'persistence']
    assert result.mean('model', 'one step position') < 1.0
    assert 'one step position: mean, then joint1, joint2' in result.text()
    assert set(result.to_json()['mean']['model']) == set(result.figures['model'])


def test_a_run_too_short_to_synchronise_is_refused(oscillators: list[Segment]) -> None:
    with pytest.raises(DataError, match='run0 has 51 rows; needed are 52 or more'):
        score_kuka_lwr(Persistence(), oscillators[0].rows(0, 51), oscillators[1:])


def test_a_window_far_outside_of_the_training_data_has_no_figure(
    oscillators: list[Segment],
) -> None:
    run = oscillators[0]

    class Drift(Persistence):
        """Leaves the robot in the second of its windows."""

        def forecast(
            self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
        ) -> Forecasts:
            forecast = super().forecast(segment, starts, horizons, mode=mode)
            if len(horizons) > 1 and len(starts) > 1:
                forecast['position'][1, 50:] = 1e6
            return forecast

    result = score_kuka_lwr(Drift(), run, oscillators[1:])
    assert result.diverged['persistence']['resync position'] == (1, 7)
    assert np.isinf(result.figures['persistence']['resync velocity']).all()
    assert np.isfinite(result.figures['persistence']['one step position']).all()
    assert result.to_json()['mean']['persistence']['resync position'] is None
    assert '1 of 7 diverged' in result.text()


@pytest.mark.skipif(not DATA.is_dir(), reason=f'the published data sets are not in {DATA}')
def test_the_frozen_baseline_is_reproduced_over_all_folds(
    make_segment: Callable[..., Segment],
) -> None:
    reference = load_reference(DATA)
    runs = []
    mat = reference.loadmat(str(DATA / 'kuka_lwr' / 'KukaDirectDynamics.mat'))
    for i in range(1, 11):
        rows = mat[f'kukatraj{i}']
        # The last row's targets become one more row, whose effort nothing reads.
        rows = np.vstack([rows[:, :21], np.hstack([rows[-1, 21:35], rows[-1, 14:21]])])
        runs.append(make_segment(*np.split(rows, 3, axis=1), name=f'kukatraj{i}', dt=0.01))
    columns = ('one step position', 'one step velocity', 'resync position', 'resync velocity')
    means = []
    for k in range(10):
        training = runs[:k] + runs[k + 1 :]
        result = score_kuka_lwr(Persistence(), runs[k], training, reference=DATA)
        means.append([result.mean('arx(10)', column) for column in columns])
    frozen = reference.FROZEN
    expected = [*frozen['kuka_lwr_one_step_nmse'], *frozen['kuka_lwr_resync_nmse']]
    assert_allclose(np.mean(means, axis=0), expected, rtol=2e-3)
