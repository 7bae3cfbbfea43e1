# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/gate.py."""

from lstm_dynamics_ros.safety.torque_limiter import EnergyTank
import numpy as np
import pytest


def limited(tank: EnergyTank, torque: list[float], velocity: list[float]) -> list[float]:
    wanted = np.array(torque)
    tank.limit(wanted, np.array(velocity))
    return [float(value) for value in wanted]


def test_the_level_falls_by_force_times_way() -> None:
    tank = EnergyTank(10.0, 0.0, 0.001)
    # 2 N m on a joint that turns 0.5 sin(t): energy = 2 N m * 0.5 rad from rest to the end.
    for t in np.arange(0.0, np.pi / 2, 0.001):
        tank.account(np.array([2.0, 0.0]), np.array([0.5 * np.cos(t), 3.0]))
    assert tank.level == pytest.approx(9.0, abs=2e-3)


def test_torque_against_the_motion_fills_it_up_to_its_capacity() -> None:
    tank = EnergyTank(1.0, 0.0, 0.1)
    tank.level = 0.5
    tank.account(np.array([-1.0]), np.array([2.0]))
    assert tank.level == pytest.approx(0.7)
    tank.account(np.array([-10.0]), np.array([2.0]))
    assert tank.level == 1.0


def test_it_refills_by_itself() -> None:
    tank = EnergyTank(1.0, 3.0, 0.1)
    tank.level = 0.0
    tank.account(np.zeros(1), np.zeros(1))
    assert tank.level == pytest.approx(0.3)


def test_a_full_tank_takes_nothing_away() -> None:
    tank = EnergyTank(1.0, 0.0, 0.005)
    wanted = np.array([3.0, -3.0])
    assert not tank.limit(wanted, np.array([1.0, 1.0]))
    assert wanted.tolist() == [3.0, -3.0]


def test_the_last_fifth_fades_what_adds_energy() -> None:
    tank = EnergyTank(1.0, 0.0, 0.005)
    tank.level = 0.1
    assert limited(tank, [4.0, 4.0, 4.0], [1.0, -1.0, 0.0]) == [2.0, 4.0, 4.0]
    tank.level = -1.0
    assert limited(tank, [4.0, 4.0, 4.0], [1.0, -1.0, 0.0]) == [0.0, 4.0, 4.0]


def test_a_joint_of_unknown_speed_gets_nothing() -> None:
    tank = EnergyTank(1.0, 0.0, 0.005)
    assert limited(tank, [4.0, 4.0], [np.nan, 1.0]) == [0.0, 4.0]
    tank.account(np.array([4.0, 4.0]), np.array([np.nan, 1.0]))
    assert tank.level == 1.0
