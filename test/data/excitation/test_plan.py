# SPDX-License-Identifier: Apache-2.0
"""Excitations keep to every limit, on every row and between the points that are sent."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.paths import multi_sine, Room, STEP
from lstm_dynamics_ros.data.excitation.plan import condition_number, Excitation, excitations, usage
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
from lstm_dynamics_ros.signals.joint_path import JointPath
import numpy as np
import pytest

LIMITS = ExcitationLimits(
    joint_names=('hip', 'lift'),
    joint_types=('revolute', 'prismatic'),
    home=np.array([0.2, 0.3]),
    lower=np.array([-1.0, 0.0]),
    upper=np.array([2.0, 0.4]),
    velocity=np.array([2.0, 0.5]),
    acceleration=np.array([np.inf, 0.6]),
    effort=np.array([30.0, 200.0]),
)
SETTINGS = ExcitationSettings(trajectories=3, duration=20.0, restarts=4)


def pendulum(q: np.ndarray, dq: np.ndarray, ddq: np.ndarray) -> np.ndarray:
    """Return the efforts of a pendulum on a lift: gravity, inertia, and a damper on each."""
    mass, length = 4.0, 0.4
    hip = mass * length**2 * ddq[:, 0] + mass * 9.81 * length * np.sin(q[:, 0])
    lift = 2 * mass * (ddq[:, 1] + 9.81)
    return np.stack([hip + 0.5 * dq[:, 0], lift + 3.0 * dq[:, 1]], axis=1)


@pytest.fixture(scope='module')
def planned() -> list[Excitation]:
    return list(excitations(LIMITS, SETTINGS, efforts=pendulum))


def test_every_row_is_within_every_limit(planned: list[Excitation]) -> None:
    for item in planned:
        assert (item.position > LIMITS.lower).all()
        assert (item.position < LIMITS.upper).all()
        assert (np.abs(item.velocity) <= 0.5 * LIMITS.velocity + 1e-12).all()
        assert (np.abs(item.acceleration[:, 1]) <= 0.3 + 1e-12).all()
        effort = pendulum(item.position, item.velocity, item.acceleration)
        assert (np.abs(effort) <= 0.6 * LIMITS.effort).all()


def test_the_splines_between_the_points_sent_stay_within_the_limits(
    planned: list[Excitation],
) -> None:
    every = 10  # 100 Hz
    tau = np.linspace(0.0, 1.0, 21)[:, None, None]
    # Quintic Hermite: what a joint trajectory controller makes of points with accelerations.
    h = every * STEP
    for item in planned:
        q, v, a = (part[::every] for part in (item.position, item.velocity, item.acceleration))
        q0, q1, v0, v1 = q[:-1], q[1:], v[:-1] * h, v[1:] * h
        a0, a1 = a[:-1] * h**2, a[1:] * h**2
        c3 = 10 * (q1 - q0) - 6 * v0 - 4 * v1 - 1.5 * a0 + 0.5 * a1
        c4 = -15 * (q1 - q0) + 8 * v0 + 7 * v1 + 1.5 * a0 - a1
        c5 = 6 * (q1 - q0) - 3 * (v0 + v1) - 0.5 * (a0 - a1)
        spline = q0 + v0 * tau + a0 / 2 * tau**2 + c3 * tau**3 + c4 * tau**4 + c5 * tau**5
        speed = (v0 + a0 * tau + 3 * c3 * tau**2 + 4 * c4 * tau**3 + 5 * c5 * tau**4) / h
        assert (spline > LIMITS.lower).all()
        assert (spline < LIMITS.upper).all()
        assert (np.abs(speed) <= LIMITS.velocity).all()
        middle = item.position[every // 2 :: every][: len(q0)]
        np.testing.assert_allclose(spline[10], middle, atol=1e-6)


def test_it_goes_from_home_to_home_at_rest(planned: list[Excitation]) -> None:
    for item in planned:
        np.testing.assert_allclose(item.position[[0, -1]], [LIMITS.home] * 2, atol=1e-12)
        np.testing.assert_allclose(item.velocity[[0, -1]], 0.0, atol=1e-12)
        np.testing.assert_allclose(item.acceleration[[0, -1]], 0.0, atol=1e-12)


def test_it_takes_as_long_as_asked_for(planned: list[Excitation]) -> None:
    assert {item.duration for item in planned} == {20.0}
    assert {len(item) for item in planned} == {20_001}


def test_the_same_seed_gives_the_same_and_another_gives_another(
    planned: list[Excitation],
) -> None:
    again = next(excitations(LIMITS, SETTINGS, efforts=pendulum))
    other = next(excitations(LIMITS, replace(SETTINGS, seed=1), efforts=pendulum))

    np.testing.assert_array_equal(again.position, planned[0].position)
    assert not np.allclose(other.position, planned[0].position)
    assert not np.allclose(planned[1].position, planned[0].position)


def test_restarts_find_a_better_condition(planned: list[Excitation]) -> None:
    assert all(item.condition <= item.first_condition for item in planned)
    assert any(item.condition < item.first_condition for item in planned)


def test_the_condition_number_is_one_where_nothing_is_related() -> None:
    noise = np.random.default_rng(0).normal(size=(3, 200_000, 2))
    room = Room(-np.ones(2), np.ones(2), np.full(2, 1e-9), np.ones(2))

    # Direction and velocity are related as the sign of a normal variable is to it: sqrt(2 / pi).
    related = np.sqrt(2.0 / np.pi)
    expected = np.sqrt((1.0 + related) / (1.0 - related))
    assert condition_number(JointPath(*noise), room) == pytest.approx(expected, rel=0.05)


def test_the_condition_number_is_huge_where_two_joints_move_alike() -> None:
    noise = np.random.default_rng(0).normal(size=(3, 20_000, 1))
    room = Room(-np.ones(2), np.ones(2), np.ones(2), np.ones(2))

    assert condition_number(JointPath(*np.tile(noise, (1, 1, 2))), room) > 1e6


def test_a_small_scale_makes_everything_small(planned: list[Excitation]) -> None:
    small = next(excitations(LIMITS, replace(SETTINGS, scale=0.1), efforts=pendulum))

    np.testing.assert_allclose(
        small.position - LIMITS.home, 0.1 * (planned[0].position - LIMITS.home), atol=1e-12
    )
    np.testing.assert_allclose(small.velocity, 0.1 * planned[0].velocity, atol=1e-12)


def test_efforts_shrink_the_excursion() -> None:
    weak = replace(LIMITS, effort=np.array([10.0, 140.0]))
    item = next(excitations(weak, SETTINGS, efforts=pendulum))

    assert 0.1 < item.shrunk < 1.0
    most = np.abs(pendulum(item.position, item.velocity, item.acceleration)).max(axis=0)
    assert (most <= 0.6 * weak.effort).all()
    assert most[0] > 0.55 * weak.effort[0]


def test_a_home_that_takes_too_much_effort_is_refused() -> None:
    weak = replace(LIMITS, effort=np.array([30.0, 100.0]))
    with pytest.raises(ConfigError, match=r'more than 60% of the effort limit: lift 78\.5 of 100'):
        next(excitations(weak, SETTINGS, efforts=pendulum))


def test_without_a_model_no_joint_is_faster_to_speed_than_the_rise() -> None:
    item = next(excitations(LIMITS, replace(SETTINGS, rise=1.0)))

    assert item.effort is None
    assert (np.abs(item.acceleration[:, 0]) <= 0.5 * 2.0 / 1.0 + 1e-12).all()


def test_amplitudes_bound_the_excursion() -> None:
    item = next(excitations(LIMITS, replace(SETTINGS, amplitude=(0.1, 0.02))))

    way = np.abs(item.position - LIMITS.home).max(axis=0)
    assert (way <= [0.1 + 1e-12, 0.02 + 1e-12]).all()
    assert (way > [0.05, 0.01]).all()


def test_a_joint_without_end_needs_an_amplitude() -> None:
    wheel = replace(
        LIMITS,
        joint_types=('continuous', 'prismatic'),
        lower=np.array([-np.inf, 0.0]),
        upper=np.array([np.inf, 0.4]),
    )
    with pytest.raises(ConfigError, match='hip can turn for ever'):
        next(excitations(wheel, SETTINGS))
    item = next(excitations(wheel, replace(SETTINGS, amplitude=(3.0,))))
    assert np.abs(item.position[:, 0] - 0.2).max() <= 3.0
    assert item.position[:, 1].max() < 0.4


def test_missing_limits_and_a_home_outside_are_all_said_at_once() -> None:
    wrong = replace(
        LIMITS,
        home=np.array([0.2, 0.9]),
        velocity=np.array([np.inf, 0.5]),
    )
    with pytest.raises(ConfigError, match='hip has no velocity limit') as error:
        next(excitations(wrong, SETTINGS))
    assert 'Home of lift is 0.9, outside of [0, 0.4]' in str(error.value)


def test_a_home_at_the_end_of_a_range_is_left_inwards() -> None:
    folded = replace(LIMITS, home=np.array([0.2, 0.0]))
    item = next(excitations(folded, SETTINGS))

    assert item.position[:, 1].min() >= 0.0
    assert item.position[:, 1].max() > 0.05
    assert 0.0 < usage(item, folded)['position'][1] <= 0.5 + 1e-12


def test_a_wrong_number_of_amplitudes_is_refused() -> None:
    with pytest.raises(ConfigError, match='no value, one, or 2, got 3'):
        next(excitations(LIMITS, replace(SETTINGS, amplitude=(1.0, 1.0, 1.0))))


def test_the_usage_tells_the_share_of_each_limit(planned: list[Excitation]) -> None:
    shares = usage(planned[0], LIMITS)

    way = planned[0].position[:, 0] - 0.2
    assert shares['position'][0] == pytest.approx(max(way.max() / 1.8, -way.min() / 1.2))
    assert shares['velocity'][1] == pytest.approx(np.abs(planned[0].velocity[:, 1]).max() / 0.5)
    assert shares['acceleration'][0] == 0.0
    assert set(shares) == {'position', 'velocity', 'acceleration', 'effort'}


def test_progress_is_told() -> None:
    calls: list[int] = []
    list(excitations(LIMITS, SETTINGS, progress=lambda done, *_: calls.append(done)))

    assert calls == [1, 2, 3]


def test_a_multi_sine_uses_the_room_it_has() -> None:
    room = Room(np.array([-0.5]), np.array([1.0]), np.array([100.0]), np.array([1000.0]))
    path = multi_sine(room, 20_001, 0.1, 5, np.random.default_rng(0))

    assert max(path.position.max() / 1.0, -path.position.min() / 0.5) > 0.9
