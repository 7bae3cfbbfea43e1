# SPDX-License-Identifier: Apache-2.0
"""Tests for derived_segments.py, with the textbook pendulum, and of mirror images."""

from collections.abc import Callable
import math
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.derived_segments import (
    disturbances,
    motion_segment,
    shortest_motion,
    with_mirror_image,
)
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.identification.differentiate import padding
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter
import numpy as np
import pytest

DT, W, VISCOUS = 0.005, 4.0, 0.7
SETTINGS = ControlSettings(
    model_kind='residual_inverse',
    features=('position', 'velocity', 'acceleration', 'disturbance'),
    least_latency=2,
    largest_latency=4,
)
TIME = DT * np.arange(1000)
MIDDLE = slice(300, 700)


class Pendulum:
    """``tau = 0.5 ddq + 10 sin q``."""

    def torque(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:  # noqa: ARG002
        """See RigidBodyPrior."""
        return 0.5 * acceleration + 10.0 * np.sin(position)


@pytest.fixture
def segment(make_segment: Callable[..., Segment]) -> Segment:
    """Return a pendulum that swings as a sine, with viscous friction."""
    q, dq, ddq = np.sin(W * TIME), W * np.cos(W * TIME), -W * W * np.sin(W * TIME)
    effort = 0.5 * ddq + 10.0 * np.sin(q) + VISCOUS * dq
    return make_segment(np.column_stack([q, dq, effort]), types=('revolute',))


def made(segment: Segment, number: int = 0, prior: Any = None) -> Any:  # noqa: ANN401
    return motion_segment(segment, SETTINGS, prior, number)


def test_the_motion_is_that_of_the_sine(segment: Segment) -> None:
    got = made(segment)
    np.testing.assert_allclose(got.position[MIDDLE, 0], np.sin(W * TIME)[MIDDLE], atol=1e-4)
    np.testing.assert_allclose(got.velocity[MIDDLE, 0], W * np.cos(W * TIME)[MIDDLE], atol=1e-3)
    np.testing.assert_allclose(
        got.acceleration[MIDDLE, 0], -W * W * np.sin(W * TIME)[MIDDLE], atol=1e-2
    )


def test_what_is_left_of_the_effort_is_the_friction(segment: Segment) -> None:
    got = made(segment, prior=Pendulum())
    friction = VISCOUS * W * np.cos(W * TIME)
    np.testing.assert_allclose(got.effort[MIDDLE, 0], friction[MIDDLE], atol=2e-2)


@pytest.mark.parametrize(('number', 'age'), [(0, 2), (1, 3), (2, 4), (3, 2)])
def test_the_disturbance_is_as_old_as_one_of_the_latencies(
    segment: Segment, number: int, age: int
) -> None:
    got = made(segment, number, Pendulum())
    known, _ = disturbances(segment.position, segment.effort, DT, 20.0, Pendulum(), [False])  # type: ignore[arg-type]
    np.testing.assert_array_equal(got.disturbance[age:], known[:-age])
    np.testing.assert_array_equal(got.disturbance[:age], np.repeat(known[:1], age, 0))


def test_the_disturbance_is_what_the_robot_computes_step_by_step(segment: Segment) -> None:
    known, _ = disturbances(segment.position, segment.effort, DT, 20.0, Pendulum(), [False])  # type: ignore[arg-type]
    live = DisturbanceFilter(Pendulum(), period=DT, bandwidth=20.0, continuous=[False])
    for row, q, effort in zip(known, segment.position, segment.effort, strict=True):
        np.testing.assert_array_equal(live.update(q, effort), row)


def test_the_disturbance_lags_the_friction_by_its_low_pass(segment: Segment) -> None:
    known, _ = disturbances(segment.position, segment.effort, DT, 20.0, Pendulum(), [False])  # type: ignore[arg-type]
    # Two poles at 20 rad/s: gain 1 / (1 + (w/20)^2), phase 2 atan(w/20). The value is a step old,
    # and each pole leads by half a step because it takes the newest value in at once.
    gain = 1 / (1 + (W / 20.0) ** 2)
    lag = 2 * math.atan(W / 20.0)
    expected = gain * VISCOUS * W * np.cos(W * TIME - lag)
    np.testing.assert_allclose(known[MIDDLE, 0], expected[MIDDLE], atol=0.02)


def test_the_shortest_motion_fits_filter_and_age() -> None:
    assert shortest_motion(SETTINGS) == max(padding(), 7)


def test_the_mirror_image_turns_the_joints_with_sign_minus_one(runs: list[Segment]) -> None:
    both = with_mirror_image(runs[:2], (1.0, -1.0))
    assert [item.name for item in both] == ['run0', 'run1', 'run0 mirrored', 'run1 mirrored']
    for kind in ('position', 'velocity', 'effort'):
        before, after = getattr(runs[1], kind), getattr(both[3], kind)
        np.testing.assert_array_equal(after[:, 0], before[:, 0])
        np.testing.assert_array_equal(after[:, 1], -before[:, 1])


def test_the_image_of_the_image_is_the_original(runs: list[Segment]) -> None:
    image = with_mirror_image(runs[:1], (-1.0, -1.0))[1]
    again = with_mirror_image([image], (-1.0, -1.0))[1]
    np.testing.assert_array_equal(again.position, runs[0].position)


def test_no_signs_mean_no_image(runs: list[Segment]) -> None:
    assert with_mirror_image(runs, ()) == runs


@pytest.mark.parametrize('signs', [(1.0,), (1.0, 0.5)])
def test_signs_that_do_not_fit_are_refused(runs: list[Segment], signs: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match='1 or -1 for each of joint1, joint2'):
        with_mirror_image(runs, signs)
