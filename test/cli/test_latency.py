# SPDX-License-Identifier: Apache-2.0
"""Tests for latency.py: a bag with a command of known delay."""

import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import make_track, Recording
import numpy as np
import pytest

STAMPS = np.arange(12_000, dtype=np.int64) * 1_000_000
"""12 s at 1 kHz [ns]."""


def write(path: Path, *, related: bool) -> Path:
    """Write a bag whose effort is the command 15 ms later, or something else."""
    rng = np.random.default_rng(0)
    command = rng.choice((-1.0, 1.0), (2400, 1))
    late = np.repeat(command, 5, axis=0)[: len(STAMPS) - 15]
    effort = np.concatenate([np.zeros((15, 1)), late])
    zeros = np.zeros_like(effort)
    recording = Recording(
        name=path.name,
        joint_names=('a',),
        joint_types=('revolute',),
        stamp_ns=STAMPS,
        position=zeros,
        velocity=zeros,
        effort=effort if related else rng.normal(size=effort.shape),
        command=make_track(('a',), STAMPS[::5], effort=command),
    )
    write_bag(recording, path)
    return path


def test_it_prints_and_writes_the_latency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = write(tmp_path / 'bag', related=True)
    assert run(['latency', str(bag), '--dt', '0.01', '--json', str(tmp_path / 'x.json')]) == 0

    values = json.loads((tmp_path / 'x.json').read_text())
    # Sampled joint states see a change half a sample late.
    assert values['joints']['a']['seconds'] == pytest.approx(0.015, abs=0.0007)
    assert values['latency_steps'] == 2
    assert '2 steps of 10 ms' in capsys.readouterr().out


def test_it_says_so_when_the_data_cannot_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(['latency', str(write(tmp_path / 'bag', related=False))]) == 1

    output = capsys.readouterr().out
    assert '! a: ' in output
    assert output.endswith('These data cannot tell the latency.\n')


def test_tracking_needs_a_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = write(tmp_path / 'bag', related=True)
    assert run(['latency', str(bag), '--tracking']) == 2
    assert 'has no reference' in capsys.readouterr().err


def test_a_step_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(['latency', 'bag', '--dt', '0']) == 2
    assert '--dt must be > 0' in capsys.readouterr().err
