# SPDX-License-Identifier: Apache-2.0
"""Trajectories of known systems."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.reports.replay_result import for_stamps, ReplayResult
from lstm_dynamics_ros.learning.interpretation.explanation import (
    Attribution,
    Contraction,
    Explanation,
    HistoryAblation,
    Influence,
    NodeActivity,
    Probe,
)
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import pytest

Array = NDArray[np.float64]


@pytest.fixture(scope='session')
def make_segment() -> Callable[..., Segment]:
    """Make a segment of arrays (n, j); velocity and effort are zero unless given."""

    def make(
        position: Array,
        velocity: Array | None = None,
        effort: Array | None = None,
        *,
        name: str = 'run',
        dt: float = 0.005,
        start_index: int = 0,
        joint_types: tuple[str, ...] | None = None,
    ) -> Segment:
        n_joints = position.shape[1]
        return Segment(
            name=name,
            joint_names=tuple(f'joint{i + 1}' for i in range(n_joints)),
            joint_types=joint_types or ('revolute',) * n_joints,
            dt=dt,
            start_index=start_index,
            position=position,
            velocity=np.zeros_like(position) if velocity is None else velocity,
            effort=np.zeros_like(position) if effort is None else effort,
            filled=np.zeros(len(position), bool),
        )

    return make


@pytest.fixture(scope='session')
def oscillators(make_segment: Callable[..., Segment]) -> list[Segment]:
    """Two coupled, damped oscillators pushed by an effort that is itself autoregressive.

    x(t+1) = A x(t) exactly, so an ARX of order 1 or more is exact.
    """
    dt = 0.01
    stiffness = np.array([[60.0, -20.0], [-20.0, 40.0]])
    a = np.eye(6)
    a[0:2, 2:4] = dt * np.eye(2)
    a[2:4, 0:2] = -dt * stiffness
    a[2:4, 2:4] -= dt * 1.5 * np.eye(2)
    a[2:4, 4:6] = dt * 5.0 * np.eye(2)
    turn = 2 * np.pi * 0.4 * dt
    a[4:6, 4:6] = 0.9995 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    runs = []
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=6)
        rows = []
        for _ in range(700):
            rows.append(x)
            x = a @ x
        q, dq, tau = np.split(np.array(rows), 3, axis=1)
        runs.append(make_segment(q, dq, tau, name=f'run{seed}', dt=dt))
    return runs


@pytest.fixture(scope='session')
def forward_model(load: Callable[..., LoadedModel]) -> LoadedModel:
    """A small forward model of two joints that predicts effort too, washout 5, dt 10 ms."""
    return load(dt=0.01)


@pytest.fixture(scope='session')
def inverse_model(load: Callable[..., LoadedModel]) -> LoadedModel:
    """A small inverse model of two joints, dt 10 ms."""
    return load(dt=0.01, kind='inverse')


@pytest.fixture(scope='session')
def make_replay(forward_model: LoadedModel) -> Callable[..., ReplayResult]:
    """Make a replay of 12 s whose predictions are off by ``offset`` plus 1 mrad per step."""

    def make(
        *,
        joint_types: tuple[str, ...] = ('revolute', 'revolute'),
        offset: float = 0.0,
        busy: slice | None = None,
    ) -> ReplayResult:
        n, dt_ns, horizons = 1200, 10_000_000, (1, 10)
        t = 0.01 * np.arange(n)[:, None]
        speed = np.zeros((n, 1)) if busy else np.ones((n, 1))
        if busy:
            speed[busy] = 1.0
        position = np.cumsum(0.02 * speed * np.cos(3.0 * t + np.array([0.0, 1.0])), axis=0)
        stamps = dt_ns * np.arange(100, 100 + n, dtype=np.int64)
        ahead = np.arange(1, 11)
        rows = np.minimum(np.arange(n)[:, None] + ahead, n - 1)
        predicted = position[rows] + offset + 0.001 * ahead[:, None]
        card = replace(
            forward_model.card, joint_types=joint_types, provenance={'seed': 3, 'data': ['a', 'b']}
        )
        return ReplayResult(
            card=card,
            model_file='forward.onnx',
            model_sha256=forward_model.sha256,
            recording='wave',
            stamp_ns=stamps,
            position=position,
            velocity=np.gradient(position, 0.01, axis=0),
            effort=np.sin(position),
            predicted={
                'position': for_stamps(stamps, predicted, horizons, dt_ns),
                'velocity': for_stamps(
                    stamps, np.gradient(predicted, 0.01, axis=0), horizons, dt_ns
                ),
            },
            warm=np.arange(n) >= 40,
        )

    return make


@pytest.fixture
def explanation(forward_model: LoadedModel) -> Explanation:
    """A look inside a model of two joints that is as it should be: memory of 50 ms, dt 10 ms."""
    ages = np.arange(41.0)
    fading = np.exp(-ages / 2.0)
    jacobian = 0.01 * fading[None, :, None] * np.ones((2, 1, 6))
    jacobian[0, :, 2] = jacobian[1, :, 3] = fading
    sampled = np.array([0.0, 1.0, 2.0, 5.0, 10.0, 40.0])
    node = NodeActivity(
        name='cell',
        kind='LSTM',
        gates=('input', 'output', 'forget'),
        mean=np.full((3, 8), 0.5),
        closed=np.full((3, 8), 0.1),
        opened=np.full((3, 8), 0.1),
        spread=np.full(8, 0.3),
        gate_time=np.linspace(0.01, 0.08, 8),
        ages=sampled,
        kept=np.exp(-sampled / 3.0)[:, None] * np.ones(8),
        strongest=np.exp(-sampled / 4.0),
        decay_time=np.linspace(0.02, 0.09, 8),
    )
    return Explanation(
        card=forward_model.card,
        sha256=forward_model.sha256,
        recordings=('monday',),
        rows=1000,
        kind='velocity',
        outside={},
        influence=Influence(jacobian=jacobian, moments=40),
        history=HistoryAblation(
            ages=sampled, change=np.array([0.8, 0.5, 0.1, 0.04, 0.01, 0.0])[:, None] * np.ones(2)
        ),
        attribution=Attribution(
            by_feature=np.array([[0.1, 0.0, 0.9, 0.1, 0.3, 0.0], [0.0, 0.1, 0.1, 0.9, 0.0, 0.3]]),
            by_joint=np.array([[1.0, 0.1], [0.1, 1.0]]),
            by_age=fading[:20] * np.ones((2, 1)),
            older=np.zeros(2),
            total=np.ones(2),
            gap=0.001,
            moments=6,
        ),
        nodes=(node,),
        probes=(
            Probe(
                label='friction sign of joint1', r2=0.8, baseline_r2=0.7, both_r2=0.9,
                unit='unit 3', unit_r2=0.6,
            ),
            Probe(
                label='reversal of joint1', r2=0.1, baseline_r2=0.2, both_r2=0.2,
                unit='unit 4', unit_r2=0.1,
            ),
        ),
        probed_by='5 stretches of time',
        contraction=Contraction(
            typical=np.exp(-ages), worst=np.exp(-ages / 1.3), steps=6
        ),
    )  # fmt: skip
