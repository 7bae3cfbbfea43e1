# SPDX-License-Identifier: Apache-2.0
"""Tests of the search for cogging."""

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.linear_start import prepare
import numpy as np
import torch


def cogging_run(seed: int, periods: float, size: float) -> Trajectory:
    """Return a damped joint with cogging torque under a multi-sine torque."""
    random = np.random.default_rng(seed)
    dt = 0.005
    t = dt * np.arange(6000)
    rate, phase = random.uniform(0.5, 3.0, 4), random.uniform(0, 6, 4)
    effort = (3.0 * np.sin(rate * t[:, None] + phase)).sum(1)
    q, v = np.zeros(6001), np.zeros(6001)
    for k in range(6000):
        v[k + 1] = v[k] + dt * (effort[k] - 2.0 * v[k] - q[k] + size * np.sin(periods * q[k]))
        q[k + 1] = q[k] + dt * v[k + 1]
    table = np.stack([q[:-1], v[:-1] + 1e-3 * random.normal(size=6000), effort], 1)
    rows = torch.tensor(table, dtype=torch.float32)
    return Trajectory('run', rows, rows)


def found(periods: float, size: float) -> float:
    settings = ForwardSettings(hidden_size=4, history_steps=4, ripple_limit=120)
    model = DynamicsModel(settings, ('revolute',))
    runs = [cogging_run(seed, periods, size) for seed in range(3)]
    prepare(model, runs, ridge=1e-3, history=4, dt=0.005, ripple_limit=120)
    return float(model.ripple[0])


def test_the_number_of_periods_per_turn_is_found() -> None:
    assert found(48, 0.5) == 48.0


def test_nothing_is_found_where_nothing_is() -> None:
    assert found(48, 0.0) == 0.0
