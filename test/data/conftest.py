# SPDX-License-Identifier: Apache-2.0
"""Recordings to test with: made up from formulas, or published ones where they are at hand."""

from collections.abc import Callable
from pathlib import Path

from known_systems import make_segment
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.data.recording import make_track, Recording
import numpy as np
import pytest

__all__ = ['make_segment']

PUBLISHED = Path(__file__).parents[3] / 'shared' / 'data'

MakeRecording = Callable[..., Recording]


@pytest.fixture
def published() -> Path:
    """Return the folder of published data sets; skips where it is not at hand."""
    if not PUBLISHED.is_dir():
        pytest.skip(f'the published data sets are not in {PUBLISHED}')
    return PUBLISHED


@pytest.fixture
def make_recording() -> MakeRecording:
    """Return a function that makes a recording of joints swinging under friction and inertia."""

    def make(
        *,
        duration: float = 2.0,
        rate: float = 100.0,
        joints: int = 2,
        start_ns: int = 1_700_000_000 * NANOSECONDS,
        tracks: bool = False,
        name: str = 'run',
        seed: int = 0,
    ) -> Recording:
        rng = np.random.default_rng(seed)
        steps = round(duration * rate)
        time = np.arange(steps) / rate
        phase = rng.uniform(0, 6, (3, joints))
        omega = rng.uniform(2, 12, (3, joints))
        angle = omega * time[:, None, None] + phase  # (steps, 3, joints)
        position = (0.2 * np.sin(angle)).sum(1)
        velocity = (0.2 * omega * np.cos(angle)).sum(1)
        acceleration = (-0.2 * omega**2 * np.sin(angle)).sum(1)
        effort = 0.5 * acceleration + 1.0 * velocity + 2.0 * np.tanh(20 * velocity)
        effort = effort + rng.normal(0, 0.05, effort.shape)
        names = tuple(f'joint{j + 1}' for j in range(joints))
        stamps = start_ns + np.round(time * NANOSECONDS).astype(np.int64)
        reference = command = None
        if tracks:
            reference = make_track(
                names,
                stamps[::2],
                position=position[::2],
                velocity=velocity[::2],
                acceleration=acceleration[::2],
            )
            command = make_track(names[::-1], stamps[::2], effort=effort[::2, ::-1])
        return Recording(
            name=name,
            joint_names=names,
            joint_types=('revolute',) * joints,
            stamp_ns=stamps,
            position=position,
            velocity=velocity,
            effort=effort,
            reference=reference,
            command=command,
        )

    return make
