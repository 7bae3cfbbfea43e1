# SPDX-License-Identifier: Apache-2.0
"""What every kind of motion must keep to. New kinds are found by themselves."""

from lstm_dynamics_ros.sim.motions import make_motion, Motion, MOTIONS
from lstm_dynamics_ros.sim.robot import known_robots, load_robot, RobotDescription
import numpy as np
import pytest

STEP = 0.001  # [s]
CASES = [
    (name, kind, speed, seed)
    for name in known_robots()
    for kind in MOTIONS
    for speed in (1.0, 0.1)
    for seed in (0, 1)
]
Made = tuple[RobotDescription, Motion]


@pytest.fixture(params=CASES, ids=str)
def made(request: pytest.FixtureRequest) -> Made:
    name, kind, speed, seed = request.param
    robot = load_robot(name)
    return robot, make_motion(robot, kind, seed=seed, duration=12.0, speed=speed)


def test_it_has_the_wanted_length(made: Made) -> None:
    _, motion = made

    assert len(motion) == 12_000
    assert motion.duration == pytest.approx(12.0)


def test_it_starts_and_ends_at_rest_at_home(made: Made) -> None:
    robot, motion = made

    for k in (0, -1):
        np.testing.assert_allclose(motion.position[k], robot.home, atol=1e-9)
        np.testing.assert_allclose(motion.velocity[k], 0.0, atol=1e-9)
        np.testing.assert_allclose(motion.acceleration[k], 0.0, atol=1e-6)


def test_it_keeps_within_positions_and_speeds(made: Made) -> None:
    robot, motion = made

    assert np.all(motion.position >= robot.lower)
    assert np.all(motion.position <= robot.upper)
    assert np.all(np.abs(motion.position - robot.home) <= robot.amplitude + 1e-9)
    allowed = 0.7 * motion.speed * robot.velocity_limit
    assert np.all(np.abs(motion.velocity) <= allowed + 1e-9)


def test_velocity_is_the_derivative_of_position(made: Made) -> None:
    _, motion = made

    numeric = (motion.position[2:] - motion.position[:-2]) / (2.0 * STEP)
    np.testing.assert_allclose(motion.velocity[1:-1], numeric, atol=2e-4)


def test_acceleration_is_the_derivative_of_velocity(made: Made) -> None:
    _, motion = made

    numeric = (motion.velocity[2:] - motion.velocity[:-2]) / (2.0 * STEP)
    error = motion.acceleration[1:-1] - numeric  # not zero where a move starts: jerk jumps
    assert np.sqrt(np.mean(error**2)) < 0.005 * np.sqrt(np.mean(motion.acceleration**2))


def test_every_joint_moves(made: Made) -> None:
    robot, motion = made

    assert np.all(np.ptp(motion.position, axis=0) > 0.02 * robot.amplitude)


def test_the_seed_decides(made: Made) -> None:
    robot, motion = made

    again = make_motion(robot, motion.kind, seed=motion.seed, duration=12.0, speed=motion.speed)
    other = make_motion(
        robot, motion.kind, seed=motion.seed + 50, duration=12.0, speed=motion.speed
    )
    np.testing.assert_array_equal(again.position, motion.position)
    assert np.any(other.position != motion.position)
