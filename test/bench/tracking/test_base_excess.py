# SPDX-License-Identifier: Apache-2.0
"""Tests of what replaces the robot's own controller, seen as a correction."""

from dataclasses import replace

from lstm_dynamics_bench.tracking.base_excess import excess_torque
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.sim.inner_law import ComputedTorque, FeedForward, InnerLaw
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np
import pytest


def test_the_robots_own_controller_asks_for_nothing_more(case: Case) -> None:
    np.testing.assert_array_equal(excess_torque(run_case(case), FeedForward()), 0.0)


@pytest.mark.parametrize('bandwidth', [10.0, 30.0])
def test_added_to_the_robots_own_controller_it_makes_the_same_command(
    case: Case, bandwidth: float
) -> None:
    law: InnerLaw = ComputedTorque(bandwidth)
    ideal = replace(case, hidden=replace(case.hidden, lag=0.0, delay=0.0))
    done = run_case(ideal, law=law)
    robot = case.robot
    run, k = done.run, 2500
    told, q, dq = run.reference_position[k], run.position[k], run.velocity[k]
    pd = robot.stiffness * (told - q)
    pd += robot.damping * (run.reference_velocity[k] - dq)

    excess = excess_torque(done, law)[k // 5]

    # without lag the effort of the next row is the command of this one
    usual = NominalModel(robot).torque(
        told, run.reference_velocity[k], run.reference_acceleration[k]
    )
    np.testing.assert_allclose(usual + pd + excess, run.effort[k + 1], atol=1e-6)
