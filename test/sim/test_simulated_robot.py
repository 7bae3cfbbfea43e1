# SPDX-License-Identifier: Apache-2.0
"""Tests of the robot as one would meet it."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot
import numpy as np
import pytest

MS = 1_000_000  # [ns]
IDEAL = HiddenPhysics(friction_scale=0.0, cogging_scale=0.0)


def test_it_starts_settled_at_home(robot: RobotDescription) -> None:
    run = SimulatedRobot(robot).advance(200)

    assert np.abs(run.true_velocity).max() < 0.02
    assert np.abs(run.true_position - robot.home).max() < 0.1
    np.testing.assert_array_equal(run.reference_position[0], robot.home)


def test_stamps_go_on_by_whole_milliseconds(robot: RobotDescription) -> None:
    start = 1_700_000_000_123_456_789
    simulated = SimulatedRobot(robot, start_ns=start)

    first, second = simulated.advance(3), simulated.advance(2)

    stamps = [*first.stamp_ns.tolist(), *second.stamp_ns.tolist()]
    assert stamps == [start + k * MS for k in range(5)]


def test_step_by_step_is_the_same_as_at_once(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'mixed', seed=1, duration=4.0)
    stepped, at_once = SimulatedRobot(robot, seed=2), SimulatedRobot(robot, seed=2)
    stepped.follow(motion)
    at_once.follow(motion)

    rows = [stepped.advance().position[0] for _ in range(1500)]

    np.testing.assert_array_equal(np.array(rows), at_once.advance(1500).position)


def test_the_same_seed_gives_the_same_numbers(robot: RobotDescription) -> None:
    first, again, other = (SimulatedRobot(robot, seed=s).advance(300) for s in (4, 4, 5))

    np.testing.assert_array_equal(first.position, again.position)
    np.testing.assert_array_equal(first.effort, again.effort)
    assert np.any(first.position != other.position)


def test_an_ideal_robot_tracks_almost_perfectly(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'multi_sine', seed=1, duration=6.0)
    simulated = SimulatedRobot(robot, IDEAL)
    simulated.follow(motion)

    assert np.abs(simulated.advance(6000).tracking_error).max() < 0.002


def test_a_correction_is_recorded_with_the_sample_it_acts_on(robot: RobotDescription) -> None:
    simulated = SimulatedRobot(robot)
    torque = 0.05 * robot.effort_limit
    simulated.apply_correction(torque)

    run = simulated.advance(130)

    np.testing.assert_allclose(run.correction[:100], np.tile(torque, (100, 1)))
    np.testing.assert_array_equal(run.correction[120:], 0.0)


def test_a_correction_reaches_the_effort_after_the_dead_time(robot: RobotDescription) -> None:
    plain, corrected = SimulatedRobot(robot), SimulatedRobot(robot)
    torque = 0.05 * robot.effort_limit
    corrected.apply_correction(torque)

    difference = corrected.advance(40).effort - plain.advance(40).effort

    # acts on sample 0, 2 ms of dead time, and 1 - 1/e of it after another 3 ms of lag
    np.testing.assert_array_equal(difference[:3], 0.0)
    np.testing.assert_allclose(difference[5], (1.0 - np.exp(-1.0)) * torque, rtol=0.1)


def test_the_torque_of_the_payload_as_correction_lifts_it(robot: RobotDescription) -> None:
    hidden = replace(IDEAL, payload=robot.payload.maximum, lag=0.003, delay=0.002)
    simulated = SimulatedRobot(robot, hidden)
    simulated.advance(2000)
    sag = simulated.advance(1).tracking_error[0]

    torque = np.zeros_like(sag)
    error = sag
    for _ in range(80):
        torque += 0.1 * robot.stiffness * error  # what the PD part still has to hold alone
        simulated.apply_correction(torque)
        error = simulated.advance(80).tracking_error[-1]

    assert np.abs(sag).max() > 0.005
    assert np.abs(error).max() < 0.1 * np.abs(sag).max()


def test_a_streamed_reference_is_followed(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'multi_sine', seed=1, duration=4.0)
    simulated = SimulatedRobot(robot, IDEAL)

    for k in range(0, 4000, 5):
        row = (motion.position[k], motion.velocity[k], motion.acceleration[k])
        simulated.set_reference(*row)
        run = simulated.advance(5)
        np.testing.assert_allclose(run.reference_position, motion.position[k : k + 5], atol=1e-4)
    assert np.abs(run.tracking_error).max() < 0.002


def test_a_reference_of_the_wrong_shape_is_refused(robot: RobotDescription) -> None:
    simulated = SimulatedRobot(robot)
    zero = np.zeros(len(robot.links))

    with pytest.raises(ShapeError, match='Reference velocity'):
        simulated.set_reference(zero, zero[:-1], zero)


def test_reset_brings_it_home_while_time_goes_on(robot: RobotDescription) -> None:
    simulated = SimulatedRobot(robot)
    simulated.follow(make_motion(robot, 'multi_sine', seed=1, duration=4.0))
    simulated.advance(2000)

    simulated.reset()
    run = simulated.advance(10)

    assert run.stamp_ns[0] == 2000 * MS
    np.testing.assert_array_equal(run.reference_position[0], robot.home)
    assert np.abs(run.true_position - robot.home).max() < 0.1


def test_even_a_mad_correction_leaves_the_joints_within_their_ranges(
    robot: RobotDescription,
) -> None:
    simulated = SimulatedRobot(robot)

    for _ in range(20):
        simulated.apply_correction(10.0 * robot.effort_limit)
        run = simulated.advance(50)

    assert np.all(np.isfinite(run.position))
    assert np.all(run.true_position < robot.upper + 0.1)
    assert np.all(np.abs(run.effort) <= robot.effort_limit + 1e-9)
