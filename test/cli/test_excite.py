# SPDX-License-Identifier: Apache-2.0
"""Tests for excite.py."""

import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
import pytest

LIMITS = """joint_limits:
  a: {min_position: -1.0, max_position: 2.0, max_velocity: 2.0, max_effort: 20.0}
  b: {min_position: -2.0, max_position: -0.5, max_velocity: 1.0, max_effort: 20.0}
"""
QUICK = ['--trajectories', '2', '--duration', '12', '--restarts', '2']


@pytest.fixture
def limits(tmp_path: Path) -> Path:
    path = tmp_path / 'joint_limits.yaml'
    path.write_text(LIMITS)
    return path


def test_it_writes_bags_tables_previews_and_a_summary(
    limits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / 'out'
    done = run(
        [
            'excite',
            '--limits',
            str(limits),
            '--home',
            '0',
            '-1.2',
            '--probe',
            '--out',
            str(out),
            '--json',
            str(tmp_path / 'made.json'),
            *QUICK,
        ]
    )

    assert done == 0
    assert {path.name for path in out.iterdir()} == {
        'excite_00',
        'excite_00.csv',
        'excite_00.png',
        'excite_01',
        'excite_01.csv',
        'excite_01.png',
        'excitation.yaml',
        'probe',
    }
    output = capsys.readouterr().out
    assert output.startswith('! Self-collision')
    assert 'home    0 -1.2' in output
    made = json.loads((tmp_path / 'made.json').read_text())
    assert [item['duration_s'] for item in made['trajectories']] == [12.0, 12.0]


def test_a_home_outside_is_refused_before_anything_is_written(
    limits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / 'out'
    assert run(['excite', '--limits', str(limits), '--out', str(out), *QUICK]) == 2

    assert 'Home of b is 0, outside of [-2, -0.5]' in capsys.readouterr().err
    assert not out.exists()


def test_a_kind_of_probe_that_is_not_there_is_refused_before_anything_is_written(
    limits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / 'out'
    kind = ['--home', '0', '-1.2', '--probe', '--probe-kind', 'sweep']
    assert run(['excite', '--limits', str(limits), '--out', str(out), *kind, *QUICK]) == 2

    assert "Unknown probe 'sweep'. Known: multi_sine, prbs." in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ('arguments', 'output'),
    [
        ([], 'Which robot?'),
        (['--robot', 'arm', '--urdf', 'arm.urdf'], 'not both'),
        (['--robot', 'armm'], "Did you mean 'arm'?"),
    ],
)
def test_it_asks_for_one_robot(
    arguments: list[str], output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('mujoco', reason='the embedded robots need the engine')
    assert run(['excite', *arguments]) == 2
    assert output in capsys.readouterr().err


def test_play_needs_a_person_at_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip('rclpy', reason='sending needs ROS')
    monkeypatch.setattr('sys.stdin.isatty', lambda: False, raising=False)
    assert run(['excite', '--play', str(tmp_path)]) == 2
    assert 'run it in a terminal' in capsys.readouterr().err
