# SPDX-License-Identifier: Apache-2.0
"""Tests of the plans of what to record."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.sim.collection import (
    evaluation_plan,
    held_out_payload,
    training_plan,
)
from lstm_dynamics_ros.sim.motions import MOTIONS
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np
import pytest


def test_training_covers_payloads_speeds_and_kinds(robot: RobotDescription) -> None:
    plan = training_plan(robot, 24)

    payloads = np.array([run.payload for run in plan]) / robot.payload.maximum
    speeds = np.array([run.speed for run in plan])
    assert payloads.min() < 0.06 < 0.94 < payloads.max() <= 1.0
    assert 0.15 <= speeds.min() < 0.25 < 0.9 < speeds.max() <= 1.0
    assert np.diff(np.sort(payloads)).max() < 0.15  # no large hole
    assert {run.kind for run in plan} == set(MOTIONS)


def test_no_evaluation_run_is_like_a_training_run(robot: RobotDescription) -> None:
    train = [run for seed in range(20) for run in training_plan(robot, 20, seed=seed)]
    evaluation = [run for seed in range(5) for run in evaluation_plan(robot, 6, seed=seed)]

    assert not {run.seed for run in train} & {run.seed for run in evaluation}
    assert not {run.name for run in train} & {run.name for run in evaluation}
    payloads = np.array([run.payload for run in train])
    for run in evaluation:
        assert np.abs(payloads - run.payload).min() > 0.015 * robot.payload.maximum


def test_the_seed_decides(robot: RobotDescription) -> None:
    assert training_plan(robot, 5, seed=1) == training_plan(robot, 5, seed=1)
    assert training_plan(robot, 5, seed=1) != training_plan(robot, 5, seed=2)


def test_a_planned_run_knows_its_motion_and_physics(robot: RobotDescription) -> None:
    run = evaluation_plan(robot, 1, duration=5.0)[0]

    assert len(run.motion(robot)) == 5000
    assert run.motion(robot).kind == run.kind
    assert run.hidden(robot).payload == run.payload
    assert run.hidden(robot).lag == robot.hidden.lag


def test_an_empty_plan_is_refused(robot: RobotDescription) -> None:
    with pytest.raises(ConfigError, match='at least one run'):
        training_plan(robot, 0)


def test_no_training_run_has_the_held_out_payload(robot: RobotDescription) -> None:
    train = [run.payload for seed in range(20) for run in training_plan(robot, 20, seed=seed)]
    nearest = np.abs(np.array(train) - held_out_payload(robot)).min()
    assert nearest > 0.015 * robot.payload.maximum


def test_some_runs_have_more_random_torque_than_others(robot: RobotDescription) -> None:
    plan = training_plan(robot, 20, excitation=0.02)
    levels = np.array([run.excitation for run in plan])
    assert levels.min() < 0.002 < 0.038 < levels.max() <= 0.04
    assert abs(levels.mean() - 0.02) < 0.002
    assert [run.seed for run in plan] == [run.seed for run in training_plan(robot, 20)]


def test_a_run_without_random_torque_has_none(robot: RobotDescription) -> None:
    run = training_plan(robot, 1)[0]
    assert run.random_torque(robot) is None
