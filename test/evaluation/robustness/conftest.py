# SPDX-License-Identifier: Apache-2.0
"""Recordings of known signals, and models whose response is known in closed form."""

from collections.abc import Callable

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import Subject
from lstm_dynamics_ros.evaluation.robustness.base import Attack, RobustnessCase
from lstm_dynamics_ros.evaluation.robustness.streams import tracks
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import pytest

Array = NDArray[np.float64]
DT = 0.01


@pytest.fixture(scope='session')
def make_recording() -> Callable[..., Recording]:
    """Make a recording of arrays (n, j), one message every ``period`` from 1 s on."""

    def make(
        position: Array,
        velocity: Array | None = None,
        effort: Array | None = None,
        *,
        period: float = DT,
        name: str = 'run',
        joint_types: tuple[str, ...] | None = None,
    ) -> Recording:
        n_joints = position.shape[1]
        stamps = 1_000_000_000 + np.round(1e9 * period * np.arange(len(position)))
        return Recording(
            name=name,
            joint_names=tuple(f'joint{i + 1}' for i in range(n_joints)),
            joint_types=joint_types or ('revolute',) * n_joints,
            stamp_ns=stamps.astype(np.int64),
            position=position,
            velocity=np.zeros_like(position) if velocity is None else velocity,
            effort=np.zeros_like(position) if effort is None else effort,
        )

    return make


@pytest.fixture(scope='session')
def swinging(make_recording: Callable[..., Recording]) -> Recording:
    """40 s of two joints swinging, with effort 5 q + 0.5 dq + noise of 0.2 N m."""
    t = DT * np.arange(4000)[:, None]
    position = np.sin(2 * np.pi * np.array([0.5, 0.8]) * t + np.array([0.0, 1.0]))
    velocity = np.gradient(position, DT, axis=0)
    off = 0.2 * np.random.default_rng(5).standard_normal(position.shape)
    return make_recording(position, velocity, 5 * position + 0.5 * velocity + off)


@pytest.fixture(scope='session')
def linear_model(load: Callable[..., LoadedModel]) -> LoadedModel:
    """An inverse model without memory: effort = 5 q + 0.5 dq, dt 10 ms."""
    return load(dt=DT, kind='inverse', push=0.0)


@pytest.fixture(scope='session')
def make_case() -> Callable[..., RobustnessCase]:
    """Make what a disturbance is measured on, of a subject and recordings."""

    def make(
        subject: Subject,
        recordings: list[Recording],
        noise: dict[str, Vector] | None = None,
        attack: Attack | str = 'not here',
    ) -> RobustnessCase:
        settings = PipelineSettings()
        found = tracks(recordings, subject.loaded.card, settings, horizon=subject.horizon, most=0)
        level = {k: np.full(2, 0.01) for k in ('position', 'velocity', 'effort')}
        return RobustnessCase(
            subject=subject,
            tracks=found,
            sensor_noise=noise or level,
            settings=settings,
            seed=0,
            attack=attack,
        )

    return make
