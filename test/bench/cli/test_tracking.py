# SPDX-License-Identifier: Apache-2.0
"""Tests of `lstm-dynamics benchmark tracking`."""

import json
from pathlib import Path

from lstm_dynamics_bench.cli.benchmark import Benchmark
from lstm_dynamics_ros.core.errors import ConfigError, ModelFileError, UnknownNameError
import pytest

pytest.importorskip('mujoco')


@pytest.mark.slow
def test_it_prints_a_table_and_writes_what_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Benchmark(
        what='tracking',
        robot='pendulum',
        scenario=('clean',),
        controller=('pd_gravity',),
        seed=20,
        seeds=1,
        quick=True,
        workers=1,
        budget='2',
        json=tmp_path / 'tracking.json',
        plots=tmp_path / 'plots',
        report=tmp_path / 'tracking.html',
    )

    assert command.run() == 0

    assert 'rigid-body feed-forward' in capsys.readouterr().out
    found = json.loads((tmp_path / 'tracking.json').read_text(encoding='utf-8'))
    assert found['robot'] == 'pendulum'
    assert set(found['scenarios']) == {'clean'}
    assert 'summary_unconstrained' not in found
    assert (tmp_path / 'plots' / 'clean_error.png').is_file()
    assert (tmp_path / 'tracking.html').is_file()


def test_an_unknown_budget_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='budget'):
        Benchmark(what='tracking', budget='three').run()


def test_over_ros_one_controller_is_run_at_a_time() -> None:
    pytest.importorskip('rclpy')
    command = Benchmark(what='tracking', ros='clean', controller=('feedforward', 'none'))
    with pytest.raises(ConfigError, match='one controller'):
        command.run()


def test_a_file_that_is_no_model_is_refused_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / 'notes.txt'
    path.write_text('no model', encoding='utf-8')
    with pytest.raises(ModelFileError, match='format check'):
        Benchmark(what='tracking', models=(f'residual={path}',)).run()
