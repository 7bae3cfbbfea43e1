# SPDX-License-Identifier: Apache-2.0
"""Tests of `lstm-dynamics benchmark real` on made data in the layout of the published sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
import json
from pathlib import Path
import pickle
import shutil
from typing import Any, Never

from lstm_dynamics_bench.cli.real_benchmark import RealBenchmark
from lstm_dynamics_bench.published import benchmark
from lstm_dynamics_bench.published import training as real_training
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import converted, find_source
from lstm_dynamics_bench.published.training import jobs_of, Settings, settings_of
from lstm_dynamics_ros.cli import main
from lstm_dynamics_ros.core.errors import ConfigError, DataError, UnknownNameError
from lstm_dynamics_ros.workflows.engines import Workers
from lstm_dynamics_ros.workflows.options import EngineOptions
import pytest

torch = pytest.importorskip('torch')

SMALL = """
model_kind: inverse
hidden_size: 4
head_size: 0
history_steps: 5
burn_in_steps: 20
window_steps: 30
batch_size: 4
updates_per_epoch: 2
max_epochs: 1
ripple_limit: 0
dt: {dt}
"""


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a thread: a process of its own would import torch once more for every test."""

    @contextmanager
    def threads(options: EngineOptions, *folders: Path) -> Iterator[Workers]:
        yield Workers(options.workers, lambda function, item: function(item))

    monkeypatch.setattr(benchmark, 'workers_of', threads)
    monkeypatch.setattr(real_training, 'POLL', 0.05)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A folder with settings that train in a moment."""
    folder = tmp_path / 'settings'
    folder.mkdir()
    (folder / 'baxter_ugr.yaml').write_text(SMALL.format(dt=0.01))
    (folder / 'kuka_weigand2021.yaml').write_text(SMALL.format(dt=0.004))
    return folder


@pytest.fixture
def command(real_data: Path, settings: Path, tmp_path: Path) -> dict[str, Any]:
    """Options that all runs share."""
    return {
        'data': real_data,
        'settings': settings,
        'cache': tmp_path / 'cache',
        'workers': 1,
        'json': tmp_path / 'real.json',
    }


@pytest.mark.slow
def test_sets_are_trained_scored_and_kept(
    command: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command |= {'sets': ('baxter_ugr',), 'seeds': (0, 3)}
    assert RealBenchmark(**command, report=tmp_path / 'real.html').run() == 0
    shown = capsys.readouterr().out
    assert 'RMSE over that of the ridge' in shown
    assert 'Seeds 0, 3' in shown
    found = json.loads(command['json'].read_text(encoding='utf-8'))
    assert set(found['sets']) == {'baxter_ugr'}
    baxter = found['sets']['baxter_ugr']
    assert baxter['range']['ratio'][0] <= baxter['ratio'] <= baxter['range']['ratio'][1]
    assert baxter['training_seconds']['3'] > 0
    assert baxter['settings']['hidden_size'] == 4
    assert found['frozen']['baxter_ugr_rmse_nm']['ours'] == [0.5] * 7
    assert (tmp_path / 'real.html').is_file()

    def never(*args: object, **more: object) -> Never:
        raise AssertionError((args, more))

    monkeypatch.setattr(real_training, 'train_model', never)
    assert RealBenchmark(**command).run() == 0
    again = json.loads(command['json'].read_text(encoding='utf-8'))
    assert again['sets'] == found['sets']
    with pytest.raises(AssertionError):
        RealBenchmark(**command, retrain=True).run()


@pytest.mark.slow
def test_a_training_that_fails_leaves_the_other_sets_their_figures(
    command: dict[str, Any], settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = settings / 'kuka_weigand2021.yaml'
    path.write_text(path.read_text().replace('hidden_size: 4', 'hidden_size: 500'))
    command |= {'sets': ('baxter_ugr', 'kuka_weigand2021')}
    assert RealBenchmark(**command).run() == 1
    assert 'kuka_weigand2021 has no figures' in capsys.readouterr().out
    found = json.loads(command['json'].read_text(encoding='utf-8'))
    assert set(found['sets']) == {'baxter_ugr'}
    assert 'hidden_size 500' in found['failed']['kuka_weigand2021']


def test_nothing_is_trained_if_a_baseline_is_not_reproduced(
    command: dict[str, Any], real_data: Path, tmp_path: Path
) -> None:
    data = tmp_path / 'data'
    shutil.copytree(real_data, data)
    file = data / 'reference.py'
    figure = "return np.array(FROZEN['baxter_ugr_rmse_nm'])"
    file.write_text(file.read_text().replace(figure, figure + ' * 1.03'))
    command |= {'data': data, 'sets': ('baxter_ugr',)}
    with pytest.raises(DataError, match='baxter_ugr_rmse_nm') as caught:
        RealBenchmark(**command).run()
    assert '0.5' in str(caught.value)
    assert '0.515' in str(caught.value)
    assert not (tmp_path / 'cache' / 'models').exists()


def test_jobs_can_be_handed_to_another_process_and_have_a_folder_each(
    real_data: Path, tmp_path: Path, settings: Path
) -> None:
    source = find_source(real_data, 'kuka_lwr', tmp_path)
    converted(source)
    folders = set()
    for seed in (0, 1):
        chosen = settings_of('baxter_ugr', seed, settings)
        for job in jobs_of(source, SETS['kuka_lwr'](), chosen, tmp_path):
            assert pickle.loads(pickle.dumps(job)) == job
            folders.add(job.folder)
    assert len(folders) == 20


def test_a_rigid_body_prior_needs_a_urdf(real_data: Path, tmp_path: Path, settings: Path) -> None:
    given = settings_of('baxter_ugr', 0, settings).training
    chosen = Settings(replace(given, features=('position', 'velocity', 'prior_effort')))
    source = find_source(real_data, 'baxter_ugr', tmp_path)
    converted(source)
    (job,) = jobs_of(source, SETS['baxter_ugr'](), chosen, tmp_path)
    assert job.urdf is not None
    assert job.urdf.is_file()
    with pytest.raises(ConfigError, match='no URDF'):
        jobs_of(source, SETS['kuka_lwr'](), chosen, tmp_path)


def test_an_unknown_set_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main.run(['benchmark', 'real', '--set', 'baxter', '--set', 'emps']) == 2
    shown = capsys.readouterr().err
    assert 'baxter_ugr, emps, kr300, kuka_lwr, kuka_weigand2021' in shown
    assert "Did you mean 'baxter_ugr'?" in shown


def test_impossible_requests_are_refused_with_a_reason(
    command: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match='data set'):
        RealBenchmark(sets=('sarcos',)).run()
    with pytest.raises(ConfigError, match='--budget must be at least 0 minutes, got -1'):
        RealBenchmark(budget=-1.0).run()
    with pytest.raises(ConfigError, match='--seeds'):
        RealBenchmark(seeds=()).run()
    with pytest.raises(DataError, match='no folder'):
        RealBenchmark(data=tmp_path / 'nowhere', cache=tmp_path).run()
    with pytest.raises(ConfigError, match=r'no training settings .*emps\.yaml'):
        RealBenchmark(**command, sets=('emps',)).run()
