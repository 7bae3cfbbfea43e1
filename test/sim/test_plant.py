# SPDX-License-Identifier: Apache-2.0
"""Tests of the physics, against equations integrated by hand."""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.plant import Plant
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
from lstm_dynamics_ros.sim.wall import Wall
import numpy as np
import pytest
from scipy.integrate import solve_ivp

FREE = HiddenPhysics(friction_scale=0.0, cogging_scale=0.0)
STEP = 0.001  # [s]
INERTIA = 0.5  # of the turntable [kg m^2]


def driven(plant: Plant, commands: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Return position, velocity and effort before each command (n_steps, n_joints)."""
    q, dq, effort = (np.empty_like(commands) for _ in range(3))
    for k, command in enumerate(commands):
        q[k], dq[k], effort[k] = plant.position, plant.velocity, plant.effort
        plant.step(command)
    return q, dq, effort


@pytest.mark.parametrize('dead_steps', [0, 1, 2, 7])
@pytest.mark.parametrize('lag', [0.001, 0.003, 0.01])
def test_effort_is_the_command_after_dead_time_and_first_order_lag(
    robot: RobotDescription, lag: float, dead_steps: int
) -> None:
    hidden = replace(robot.hidden, lag=lag, delay=dead_steps * STEP)
    plant = Plant(robot, hidden)
    n_joints = len(robot.links)
    plant.reset(robot.home, np.zeros(n_joints))
    commands = np.random.default_rng(0).uniform(-1.0, 1.0, (60, n_joints)) * 5.0

    _, _, effort = driven(plant, commands)

    delayed = np.vstack([np.zeros((dead_steps, n_joints)), commands])[: len(commands)]
    expected = np.zeros_like(effort)
    for k in range(1, len(effort)):
        rest = np.exp(-STEP / lag)
        expected[k] = rest * expected[k - 1] + (1.0 - rest) * delayed[k - 1]
    np.testing.assert_allclose(effort, expected, atol=1e-12)


def test_without_lag_the_effort_is_the_command_of_the_step_before(
    robot: RobotDescription,
) -> None:
    plant = Plant(robot, FREE)
    plant.reset(robot.home, np.zeros(len(robot.links)))
    commands = np.random.default_rng(1).uniform(-1.0, 1.0, (20, len(robot.links)))

    _, _, effort = driven(plant, commands)

    np.testing.assert_allclose(effort[1:], commands[:-1], atol=1e-12)


def test_drives_clip_commands_to_their_limits(robot: RobotDescription) -> None:
    plant = Plant(robot, FREE)
    plant.reset(robot.home, np.zeros(len(robot.links)))

    plant.step(3.0 * robot.effort_limit)

    np.testing.assert_allclose(plant.effort, robot.effort_limit)


def test_the_free_pendulum_swings_as_the_equations_of_motion_say() -> None:
    robot = load_robot('pendulum')
    plant, model = Plant(robot, FREE), NominalModel(robot)
    start = np.array([0.9, -0.5])
    plant.reset(start, np.zeros(2))

    def slope(_: float, x: Vector) -> Vector:
        bias = model.torque(x[:2], x[2:], np.zeros(2)).copy()
        columns = [model.torque(x[:2], np.zeros(2), unit).copy() for unit in np.eye(2)]
        still = model.torque(x[:2], np.zeros(2), np.zeros(2)).copy()
        mass = np.stack(columns, axis=1) - still[:, None]
        return np.concatenate([x[2:], np.linalg.solve(mass, -bias)])

    q, dq, _ = driven(plant, np.zeros((1000, 2)))

    times = np.arange(1000) * STEP
    exact = solve_ivp(slope, (0.0, 1.0), [*start, 0.0, 0.0], t_eval=times, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(q, exact.y[:2].T, atol=6e-3)  # first-order integrator, 1 ms
    assert np.abs(exact.y[0]).max() > 0.8
    assert np.abs(dq).max() > 2.0


def test_the_unknown_payload_needs_more_torque(robot: RobotDescription) -> None:
    def acceleration(payload: float) -> Vector:
        plant = Plant(robot, replace(FREE, payload=payload))
        rest = np.zeros(len(robot.links))
        torque = NominalModel(robot).torque(robot.home, rest, rest).copy()
        plant.reset(robot.home, torque)
        plant.step(torque)
        return plant.velocity / STEP

    np.testing.assert_allclose(acceleration(0.0), 0.0, atol=1e-9)
    assert np.abs(acceleration(robot.payload.maximum)).max() > 0.5


def lugre(robot: RobotDescription, torques: Sequence[float], substeps: int = 200) -> Vector:
    """Return positions of the turntable with LuGre friction, integrated finely by hand.

    Source: C. Canudas de Wit et al., 1995, eq. 2-5, with bristle damping that fades with speed.
    """
    joint = robot.joints[0]
    f, ripple = joint.friction, joint.cogging
    q = v = z = 0.0
    dt = STEP / substeps
    positions = []
    for torque in torques:
        positions.append(q)
        for _ in range(substeps):
            stribeck = np.exp(-((v / f.stribeck_velocity) ** 2))
            level = f.coulomb + (f.static - f.coulomb) * stribeck
            rate = v - f.bristle_stiffness * abs(v) / level * z
            friction = f.bristle_stiffness * z + f.bristle_damping * stribeck * rate
            friction += f.viscous * v
            bump = ripple.amplitude * np.sin(ripple.periods * q + ripple.phase)
            v += dt * (torque - friction + bump) / INERTIA
            q += dt * v
            z += dt * rate
    return np.array(positions)


def test_friction_and_ripple_are_those_of_the_equations(turntable: RobotDescription) -> None:
    hidden = replace(turntable.hidden, lag=0.0, delay=0.0)
    plant = Plant(turntable, hidden)
    plant.reset(np.zeros(1), np.zeros(1))
    times = np.arange(1200) * STEP
    commands = 3.0 * np.sin(2.0 * np.pi * 1.5 * times)[:, None]

    q, _, effort = driven(plant, commands)

    expected = lugre(turntable, list(effort[:, 0]))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(q[:, 0], expected, atol=0.02 * np.ptp(expected))


def test_below_break_away_the_joint_bends_and_sticks(turntable: RobotDescription) -> None:
    plant = Plant(turntable, replace(turntable.hidden, cogging_scale=0.0))
    plant.reset(np.zeros(1), np.zeros(1))

    q, _, _ = driven(plant, np.full((3000, 1), 0.8))

    bend = 0.8 / 600.0  # torque over bristle stiffness, to first order [rad]
    assert 0.8 * bend < q[-1, 0] < 5.0 * bend
    assert abs(q[-1, 0] - q[-500, 0]) < 1e-4


def test_above_break_away_the_joint_slides(turntable: RobotDescription) -> None:
    plant = Plant(turntable, replace(turntable.hidden, cogging_scale=0.0))
    plant.reset(np.zeros(1), np.zeros(1))

    _, dq, _ = driven(plant, np.full((5000, 1), 2.2))

    # sliding steadily: torque = Coulomb + viscous * speed
    assert dq[-1, 0] == pytest.approx((2.2 - 1.0) / 0.6, rel=0.02)


def test_presliding_friction_remembers_the_way(turntable: RobotDescription) -> None:
    plant = Plant(turntable, replace(turntable.hidden, cogging_scale=0.0, lag=0.0, delay=0.0))
    plant.reset(np.zeros(1), np.zeros(1))
    times = np.arange(4000) * STEP
    commands = 1.2 * np.sin(2.0 * np.pi * 0.5 * times)[:, None]

    q, _, effort = driven(plant, commands)

    second = slice(2000, 4000)  # one whole period after the first
    zero_crossings = np.flatnonzero(np.diff(np.sign(effort[second, 0]))) + 2000
    at_zero_torque = q[zero_crossings, 0]
    assert np.ptp(at_zero_torque) > 5e-4


def test_maxwell_slip_leaves_the_joint_bent_after_a_push(turntable: RobotDescription) -> None:
    def rest_after_push(hidden: HiddenPhysics) -> float:
        plant = Plant(turntable, hidden)
        plant.reset(np.zeros(1), np.zeros(1))
        commands = np.concatenate([np.full(500, 3.0), np.zeros(3000)])[:, None]
        q, dq, _ = driven(plant, commands)
        assert abs(dq[-1, 0]) < 1e-3
        return float(q[-1, 0])

    hidden = replace(turntable.hidden, cogging_scale=0.0)

    # the yielding springs hold back: 0.8 of the Coulomb friction on top
    without, with_springs = (
        rest_after_push(replace(hidden, maxwell_slip=on)) for on in (False, True)
    )
    assert 0.2 * without < with_springs < 0.9 * without


def test_a_change_of_payload_leaves_the_motion_as_it_is() -> None:
    robot = load_robot('pendulum')
    light, changed = Plant(robot, robot.hidden), Plant(robot, robot.hidden)
    command = np.array([5.0, 1.0])
    for plant in (light, changed):
        plant.reset(robot.home, np.zeros(2))
        for _ in range(100):
            plant.step(command)

    changed.change(replace(robot.hidden, payload=1.0))

    np.testing.assert_array_equal(changed.position, light.position)
    np.testing.assert_array_equal(changed.velocity, light.velocity)
    np.testing.assert_array_equal(changed.effort, light.effort)
    light.step(command)
    changed.step(command)
    assert not np.array_equal(changed.velocity, light.velocity)


def test_a_change_to_the_same_physics_changes_nothing() -> None:
    robot = load_robot('arm')
    hidden = replace(robot.hidden, maxwell_slip=True)
    plain, changed = Plant(robot, hidden), Plant(robot, hidden)
    commands = np.random.default_rng(0).uniform(-2.0, 2.0, (200, len(robot.links)))
    for plant in (plain, changed):
        plant.reset(robot.home, np.zeros(len(robot.links)))
        for command in commands[:100]:
            plant.step(command)

    changed.change(hidden)

    np.testing.assert_array_equal(
        driven(changed, commands[100:])[0], driven(plain, commands[100:])[0]
    )


def test_a_change_of_what_the_robot_remembers_is_refused_and_leaves_it_running() -> None:
    robot = load_robot('pendulum')
    plain, asked = Plant(robot, robot.hidden), Plant(robot, robot.hidden)
    commands = np.ones((50, 2))
    for plant in (plain, asked):
        plant.reset(robot.home, np.zeros(2))
        driven(plant, commands)

    with pytest.raises(ConfigError, match='not in its states'):
        asked.change(replace(robot.hidden, delay=0.010))

    np.testing.assert_array_equal(driven(asked, commands)[0], driven(plain, commands)[0])


def test_a_static_push_against_a_wall_is_stiffness_times_depth() -> None:
    robot = load_robot('pendulum')
    model, rest = NominalModel(robot), np.zeros(2)
    start = model.tool_path(robot.home[None])[0]
    normal = np.array([1.0, 0.0, 0.0])
    wall = Wall(normal=normal, offset=float(start @ normal) + 0.01, stiffness=2000.0)
    plant = Plant(robot, FREE, wall)
    plant.reset(robot.home, model.torque(robot.home, rest, rest).copy())
    goal = robot.home - np.array([0.3, 0.0])  # swings the tool towards +x

    for _ in range(8000):
        hold = model.torque(plant.position, rest, rest)
        plant.step(hold + 60.0 * (goal - plant.position) - 8.0 * plant.velocity)

    here = plant.position.copy()
    tool = model.tool_path(here[None])[0]
    np.testing.assert_allclose(plant.velocity, 0.0, atol=1e-6)
    assert plant.wall_force > 5.0
    np.testing.assert_allclose(plant.wall_force, 2000.0 * (tool[0] - start[0] - 0.01), rtol=1e-6)
    step = 1e-6 * np.eye(2)
    jacobian = (model.tool_path(here + step)[:, 0] - model.tool_path(here - step)[:, 0]) / 2e-6
    np.testing.assert_allclose(60.0 * (goal - here), jacobian * plant.wall_force, rtol=1e-4)
