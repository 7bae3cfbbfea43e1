# SPDX-License-Identifier: Apache-2.0
"""Tests of lockstep runs."""

from dataclasses import replace

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
from lstm_dynamics_ros.sim.simulate import simulate
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
import numpy as np


def test_a_run_has_one_row_per_millisecond_of_the_motion(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'mixed', seed=0, duration=4.0)

    run = simulate(robot, motion, start_ns=7)

    assert len(run) == 4000
    assert run.joint_names == robot.joint_names
    np.testing.assert_array_equal(run.stamp_ns, 7 + 1_000_000 * np.arange(4000))
    np.testing.assert_array_equal(run.reference_position, motion.position)
    np.testing.assert_array_equal(run.reference_acceleration, motion.acceleration)


def test_a_corrector_is_asked_every_5_ms_and_acts_on_the_next_sample(
    robot: RobotDescription,
) -> None:
    motion = make_motion(robot, 'multi_sine', seed=0, duration=4.0)
    seen: list[int] = []

    def corrector(newest: SimulatedRun) -> Vector:
        seen.extend(newest.stamp_ns.tolist())
        return np.full(len(robot.links), 1e-3 * len(seen))

    run = simulate(robot, motion, corrector=corrector)

    np.testing.assert_array_equal(seen, run.stamp_ns)
    np.testing.assert_array_equal(run.correction[:5], 0.0)
    np.testing.assert_allclose(run.correction[5:10, 0], 5e-3)
    np.testing.assert_allclose(run.correction[10:15, 0], 10e-3)


def test_a_corrector_that_says_nothing_changes_nothing(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'multi_sine', seed=0, duration=4.0)

    silent = simulate(robot, motion, seed=3, corrector=lambda _: None)

    np.testing.assert_array_equal(silent.position, simulate(robot, motion, seed=3).position)


def test_progress_ends_at_the_whole(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'multi_sine', seed=0, duration=4.5)
    reported: list[tuple[int, int, str]] = []

    simulate(robot, motion, progress=lambda *what: reported.append(what))

    assert [done for done, _, _ in reported] == [0, 1000, 2000, 3000, 4000, 4500]
    assert reported[-1] == (4500, 4500, robot.name)


def test_pd_and_feedforward_track_the_arm_no_better_than_a_real_one() -> None:
    robot = load_robot('arm')
    motion = make_motion(robot, 'multi_sine', seed=1, duration=10.0)

    run = simulate(robot, motion, hidden=replace(robot.hidden, payload=2.0))

    error = run.tracking_error[3000:]
    assert 0.015 < np.sqrt(np.mean(error**2)) < 0.035  # [rad]; 0.025 when measured
    assert np.mean(np.abs(run.effort) >= robot.effort_limit) == 0.0
