# SPDX-License-Identifier: Apache-2.0
"""All disturbances of one model, as reports show them."""

import json

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness import measure_robustness, PERTURBATIONS
from lstm_dynamics_ros.evaluation.robustness.result import Robustness
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import pytest


@pytest.fixture(scope='module')
def measured(swinging: Recording, forward_model: LoadedModel) -> Robustness:
    return measure_robustness(forward_model, [swinging], seconds=8.0)


def test_every_disturbance_has_its_curves(measured: Robustness) -> None:
    names = {curve.name for curve in measured.curves}
    expected = {v for name in PERTURBATIONS for v in PERTURBATIONS[name].variants}
    assert names == expected - set(PERTURBATIONS['adversarial'].variants)
    assert measured.channels == ('position+1', 'velocity+1', 'position+50', 'velocity+50')


def test_every_curve_starts_undisturbed(measured: Robustness) -> None:
    for curve in measured.curves:
        assert curve.levels[0].size == 0.0
        assert all(found.ratio == 1.0 for found in curve.levels[0].figures.values())
        assert all(level.not_finite == 0 for level in curve.levels)


def test_the_same_seed_gives_the_same_figures(
    measured: Robustness, swinging: Recording, forward_model: LoadedModel
) -> None:
    again = measure_robustness(forward_model, [swinging], seconds=8.0)
    assert again.to_json() == measured.to_json()


def test_it_says_on_how_much_it_was_measured(measured: Robustness) -> None:
    json.dumps(measured.to_json(), allow_nan=False)
    assert 'on 8 of 40 s, 1 of 1 recordings' in measured.text()
    assert 'nobody asked for it' in measured.text()


def test_progress_reaches_its_end(swinging: Recording, linear_model: LoadedModel) -> None:
    calls: list[tuple[int, int]] = []

    def tell(done: int, total: int, _: str) -> None:
        calls.append((done, total))

    measure_robustness(linear_model, [swinging], seconds=3.0, progress=tell)
    assert [done for done, _ in calls] == list(range(1, calls[-1][1] + 1))


def test_nothing_to_measure_on_is_refused(linear_model: LoadedModel) -> None:
    with pytest.raises(DataError, match='no recording'):
        measure_robustness(linear_model, [])
