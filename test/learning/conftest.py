# SPDX-License-Identifier: Apache-2.0
"""A damped double pendulum integrated in numpy, and small models trained on it."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.data.segment import Segment
import numpy as np
import pytest

# Only the settings are read without the trainer's libraries.
READY = find_spec('torch') and find_spec('onnx')
collect_ignore_glob = [] if READY else ['*test_[!s]*.py', '*test_s[!e]*.py']

DT = 0.005
JOINTS = ('joint1', 'joint2')


def simulate(seed: int, steps: int = 1200, *, noise: float = 1.0) -> Segment:
    """Return two pendulums with friction under multi-sine torque through a lagging drive."""
    random = np.random.default_rng(seed)
    rate = 2 * np.pi * random.uniform(0.2, 1.5, (2, 3))
    phase, size = random.uniform(0, 6.28, (2, 3)), random.uniform(0.5, 2.0, (2, 3))
    q, v, effort = np.zeros(2), np.zeros(2), np.zeros(2)
    rows = []
    for k in range(steps):
        command = (size * np.sin(rate * k * DT + phase)).sum(1)
        rows.append(np.concatenate([q, v, effort]))
        for _ in range(5):
            h = DT / 5
            effort += (command - effort) * h / 0.02
            v = v + h * (effort - 6 * np.sin(q) - 0.6 * v - 0.8 * np.tanh(v / 0.05))
            q = q + h * v
    table = np.array(rows)
    table[:, :2] += noise * random.normal(scale=2e-5, size=(steps, 2))
    table[:, 2:4] += noise * random.normal(scale=1e-3, size=(steps, 2))
    return segment(table, name=f'run{seed}')


def segment(table: Any, name: str = 'run', types: tuple[str, ...] = ('revolute',) * 2) -> Segment:  # noqa: ANN401
    """Return a segment from columns position, velocity and effort of all joints."""
    n = len(types)
    return Segment(
        name=name,
        joint_names=tuple(f'joint{i + 1}' for i in range(n)),
        joint_types=types,
        dt=DT,
        start_index=0,
        position=table[:, :n],
        velocity=table[:, n : 2 * n],
        effort=table[:, 2 * n :],
        filled=np.zeros(len(table), np.bool_),
    )


@pytest.fixture(scope='session', autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute on one thread: more only wait for each other on layers this small."""
    if not READY:
        yield
        return
    import torch  # noqa: PLC0415

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _own_random_numbers() -> Iterator[None]:
    """Start every test from the same seed, and leave torch's random numbers as they were."""
    if not READY:
        yield
        return
    import torch  # noqa: PLC0415

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(scope='session')
def make_segment() -> Callable[..., Segment]:
    return segment


@pytest.fixture(scope='session')
def runs() -> list[Segment]:
    """Six trajectories: four to learn from, two held out."""
    return [simulate(seed) for seed in range(6)]


@pytest.fixture(scope='session')
def small() -> dict[str, Any]:
    """Settings of a model that trains in seconds."""
    return {
        'hidden_size': 16,
        'head_size': 8,
        'burn_in_steps': 40,
        'window_steps': 40,
        'rollout_steps': 20,
        'rollout_start': 10,
        'rollouts_per_window': 4,
        'batch_size': 8,
        'updates_per_epoch': 5,
        'max_epochs': 3,
        'ripple_limit': 0,
        'threads': 1,
    }


@pytest.fixture(scope='session')
def checkpoints(
    runs: list[Segment], small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    """Train a small model once per kind and cell: ``checkpoints('forward', 'lstm')``."""
    from lstm_dynamics_ros.learning.families import training_settings  # noqa: PLC0415
    from lstm_dynamics_ros.learning.training.epochs import train  # noqa: PLC0415

    known: dict[tuple[str, str], Any] = {}

    def trained(kind: str, cell: str) -> Any:  # noqa: ANN401
        if (kind, cell) not in known:
            folder: Path = tmp_path_factory.mktemp(f'{kind}_{cell}')
            values = small | {'model_kind': kind, 'cell': cell}
            settings = training_settings(values, leave_out_foreign=True)
            known[kind, cell] = train(runs[:4], runs[4:], settings, folder=folder)
        return known[kind, cell]

    return trained


@pytest.fixture(scope='session')
def exported(
    checkpoints: Callable[..., Any],
    runs: list[Segment],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Model file of the small forward LSTM."""
    from lstm_dynamics_ros.learning.export.export import export  # noqa: PLC0415
    from lstm_dynamics_ros.learning.members import Member  # noqa: PLC0415

    path = tmp_path_factory.mktemp('exported') / 'model.onnx'
    export([Member(checkpoints('forward', 'lstm'), runs[4:])], path)
    return path
