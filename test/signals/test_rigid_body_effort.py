# SPDX-License-Identifier: Apache-2.0
"""The effort of a rigid body for the measured motion, step by step and over a record."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort
import numpy as np

DT = 0.01


class Pendulum:
    """Point mass on a rod: m l^2 ddq + m g l sin q + d dq."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        return np.asarray(0.5 * acceleration + 4.9 * np.sin(position) + 0.1 * velocity)


def motion(steps: int = 200) -> tuple[Vector, Vector, Vector]:
    t = DT * np.arange(steps)[:, None]
    return np.sin(2 * t), 2 * np.cos(2 * t), -4 * np.sin(2 * t)


def test_the_effort_is_that_of_the_motion_a_few_steps_ago() -> None:
    q, v, a = motion()
    found = PriorEffort(Pendulum(), window=9, delay=3, dt=DT, continuous=[False]).run(q, v)
    expected = Pendulum().torque(q, v, a)
    np.testing.assert_allclose(found[20:], expected[17:-3], atol=2e-3)


def test_step_by_step_it_is_the_same_as_over_a_record() -> None:
    q, v, _ = motion()
    whole = PriorEffort(Pendulum(), window=9, delay=3, dt=DT, continuous=[False])
    live = PriorEffort(Pendulum(), window=9, delay=3, dt=DT, continuous=[False])
    rows = [live.update(*row).copy() for row in zip(q, v, strict=True)]
    np.testing.assert_array_equal(whole.run(q, v), rows)


def test_a_missing_row_is_nan_and_a_fresh_start() -> None:
    q, v, _ = motion()
    effort = PriorEffort(Pendulum(), window=9, delay=3, dt=DT, continuous=[False])
    after = effort.run(q[100:], v[100:])
    v[99] = np.nan
    found = effort.run(q, v)
    assert np.isnan(found[99]).all()
    np.testing.assert_array_equal(found[100:], after)
