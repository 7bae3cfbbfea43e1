# SPDX-License-Identifier: Apache-2.0
"""Tests of the whole benchmark, on two joints."""

import json
from pathlib import Path

from lstm_dynamics_bench.tracking import result as results
from lstm_dynamics_bench.tracking.page import pictures, write_page, write_pictures
from lstm_dynamics_bench.tracking.result import TrackingResult
from lstm_dynamics_bench.tracking.settings import SuiteSettings
from lstm_dynamics_bench.tracking.suite import run_suite
from lstm_dynamics_bench.tracking.table import tracking_table
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.sim.robot import load_robot
import pytest

ROBOT = load_robot('pendulum')
SETTINGS = SuiteSettings(
    scenarios=('clean',),
    methods=('pd_gravity',),
    first_seed=20,
    n_seeds=1,
    quick=True,
    workers=1,
)


@pytest.fixture(scope='module')
def result() -> TrackingResult:
    return run_suite(ROBOT, SETTINGS)


@pytest.mark.slow
def test_the_json_has_the_promised_keys(result: TrackingResult) -> None:
    found = json.loads(json.dumps(result.to_json()))

    entry = found['scenarios']['clean']['pd_gravity']
    assert {'rms_mrad', 'max_mrad', 'roughness', 'peak_force_n'} <= set(entry)
    assert {'summary', 'summary_unconstrained', 'tuned', 'seeds', 'versions'} <= set(found)
    assert found['seeds'] == {'training': [0, 1], 'held_out': [20]}
    assert found['scenarios']['clean']['oracle']['roughness'] == pytest.approx(1.0)
    assert found['scenarios']['clean']['none']['roughness'] == 0.0
    assert found['summary'] is None  # ours was not run


@pytest.mark.slow
def test_the_summary_compares_ours_with_the_best_baseline(
    result: TrackingResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, 'OURS', 'oracle')
    item = result.budgeted['none']

    summary = item.summary()

    assert summary is not None
    best = min(item.figures['clean', name].rms_mrad for name in ('none', 'pd_gravity'))
    ratio = item.figures['clean', 'oracle'].rms_mrad / best
    assert summary.geomean_ratio == pytest.approx(ratio)
    assert summary.worst_ratio == pytest.approx(ratio)


@pytest.mark.slow
def test_the_table_names_everybody_and_says_that_it_was_quick(result: TrackingResult) -> None:
    text = tracking_table(result)

    for title in ('PD + gravity', 'rigid-body feed-forward', 'oracle', 'clean', 'Quick run'):
        assert title in text


@pytest.mark.slow
def test_pictures_and_page_are_written(result: TrackingResult, tmp_path: Path) -> None:
    drawn = pictures(ROBOT, result)

    write_pictures(tmp_path / 'plots', drawn)
    write_page(tmp_path / 'page.html', result, drawn)

    assert set(drawn) == {'curves', 'clean_error', 'clean_torque', 'clean_joints'}
    for file in (tmp_path / 'plots').iterdir():
        assert file.read_bytes().startswith(b'\x89PNG')
    text = (tmp_path / 'page.html').read_text(encoding='utf-8')
    assert 'PD + gravity' in text
    assert text.count('data:image/png;base64,') == 4


@pytest.mark.parametrize(
    'settings',
    [
        SuiteSettings(scenarios=('cleen',)),
        SuiteSettings(methods=('pid',)),
        SuiteSettings(budgets=('3',)),
    ],
)
def test_unknown_names_are_refused_before_anything_runs(settings: SuiteSettings) -> None:
    with pytest.raises(UnknownNameError):
        run_suite(ROBOT, settings)


@pytest.mark.parametrize('settings', [SuiteSettings(n_seeds=0), SuiteSettings(sweep=-1)])
def test_numbers_out_of_range_are_refused(settings: SuiteSettings) -> None:
    with pytest.raises(ConfigError):
        run_suite(ROBOT, settings)
