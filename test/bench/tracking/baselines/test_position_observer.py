# SPDX-License-Identifier: Apache-2.0
"""Tests for lstm_dynamics_bench/tracking/baselines/position_observer.py."""

from lstm_dynamics_bench.tracking.baselines.position_observer import PositionObserver
from lstm_dynamics_ros.control.base import ControlContext
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Vector
import numpy as np
import pytest


class Mass:
    """A body of 2 kg."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        return 2.0 * acceleration


def context(prior: Mass | None) -> ControlContext:
    return ControlContext(
        joint_names=('a',), period=0.005, latency=0.01, effort_limits=(10.0,), prior=prior
    )


def test_it_finds_a_constant_force() -> None:
    """A body of 2 kg that is pushed with 5 N and accelerates with 1 m/s^2 is held back by 3 N."""
    observer = PositionObserver(context(Mass()), 20.0)
    for k in range(400):
        t = 0.005 * k
        found = observer.update(
            JointState(5_000_000 * k, np.array([0.5 * t * t]), np.array([t]), np.array([5.0]))
        )
    np.testing.assert_allclose(found, 3.0, rtol=1e-6)


def test_without_a_rigid_body_model_it_is_refused() -> None:
    with pytest.raises(ConfigError, match='prior'):
        PositionObserver(context(None), 20.0)
