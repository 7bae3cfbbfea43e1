# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/gate.py."""

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.torque_limiter import EnergyTank, LimitLaw
import numpy as np
import pytest

INF = np.inf
LAW = LimitLaw(JointLimits((-2.0,), (2.0,), (1.0,), (10.0,)), 0.1, 0.05)


def shares(law: LimitLaw, position: float, velocity: float) -> tuple[float, float]:
    up, down = law.shares(np.array([position]), np.array([velocity]))
    return float(up[0]), float(down[0])


@pytest.mark.parametrize(
    ('position', 'velocity', 'up', 'down'),
    [
        (0.0, 0.0, 1.0, 1.0),
        (1.80, 0.0, 1.0, 1.0),  # two margins away
        (1.85, 0.0, 0.5, 1.0),
        (1.90, 0.0, 0.0, 1.0),  # within the margin
        (3.00, 0.0, 0.0, 1.0),
        (-1.85, 0.0, 1.0, 0.5),
        (-2.00, 0.0, 1.0, 0.0),
        (1.80, 0.8, 0.6, 1.0),  # 0.04 rad on in 50 ms
        (1.85, -0.8, 0.9, 1.0),  # coming back
        (0.0, 0.9, 1.0, 1.0),
        (0.0, 0.95, 0.5, 1.0),
        (0.0, 1.0, 0.0, 1.0),
        (0.0, -0.95, 1.0, 0.5),
        (0.0, -9.0, 1.0, 0.0),
    ],
)
def test_what_is_left(position: float, velocity: float, up: float, down: float) -> None:
    assert shares(LAW, position, velocity) == pytest.approx((up, down))


values = st.floats(-1e3, 1e3) | st.sampled_from([-2.0, 2.0, 0.0, 1.0, -1.0])


@given(values, values)
def test_it_takes_away_all_that_ros2_control_takes_away(position: float, velocity: float) -> None:
    low, high = -10.0, 10.0  # compute_effort_limits of joint_limits_helpers.cpp
    if position <= -2.0 and velocity <= 0.0:
        low = 0.0
    elif position >= 2.0 and velocity >= 0.0:
        high = 0.0
    if velocity < -1.0:
        low = 0.0
    elif velocity > 1.0:
        high = 0.0
    up, down = shares(LAW, position, velocity)
    assert 0.0 <= 10.0 * up <= high
    assert low <= -10.0 * down <= 0.0


@pytest.mark.parametrize('bad', [(np.nan, 0.0), (0.0, np.nan), (INF, 0.0), (-INF, INF)])
def test_without_a_measurement_nothing_is_left_outward(bad: tuple[float, float]) -> None:
    with np.errstate(invalid='ignore'):
        assert 0.0 in shares(LAW, *bad)


def test_without_limits_everything_is_left() -> None:
    law = LimitLaw(JointLimits.unknown(1), 0.1, 0.05)
    assert shares(law, 1e6, -1e3) == (1.0, 1.0)


def test_a_short_stroke_stays_usable() -> None:
    law = LimitLaw(JointLimits((0.0,), (0.04,), (None,), (None,)), 0.1, 0.05)
    assert shares(law, 0.02, 0.0) == (1.0, 1.0)
    assert shares(law, 0.038, 0.0) == (0.0, 1.0)  # 5 % of 40 mm


def test_a_margin_of_zero_is_the_limit_itself() -> None:
    law = LimitLaw(JointLimits((-2.0,), (2.0,), (None,), (None,)), 0.0, 0.0)
    assert shares(law, 1.9999, 0.0) == (1.0, 1.0)
    assert shares(law, 2.0, 0.0) == (0.0, 1.0)


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
