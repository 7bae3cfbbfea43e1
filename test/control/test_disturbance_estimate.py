# SPDX-License-Identifier: Apache-2.0
"""Tests for control/disturbance_estimate.py, against motion in closed form."""

from lstm_dynamics_ros.control.disturbance_estimate import DisturbanceEstimate, ModelDisturbance
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass
import numpy as np
import pytest

PERIOD, STEP_NS = 0.005, 5_000_000
MASS = np.array([2.0, 0.5])
STIFFNESS = np.array([30.0, 4.0])
OMEGA = np.array([3.0, 7.0])  # [rad/s]


class MassOnSpring:
    """Two masses, each on a spring."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return MASS * acceleration + STIFFNESS * position


def estimate(
    *,
    bandwidth: float = 20.0,
    smoothing: float = 0.0,
    bleed: float = 0.0,
    period: float = PERIOD,
    velocity_delay: float = 0.0,
    lead: float = 0.0,
) -> DisturbanceEstimate:
    low_pass = LowPass(2, bandwidth=bandwidth, smoothing=smoothing, bleed=bleed)
    return DisturbanceEstimate(
        MassOnSpring(), low_pass, period=period, velocity_delay=velocity_delay, lead=lead
    )


def moving(k: int, disturbance: Vector, velocity_age: float = 0.0) -> JointState:
    """Return a sinusoidal motion at step k, driven against a disturbance."""
    phase, old = OMEGA * k * PERIOD, OMEGA * (k * PERIOD - velocity_age)
    position, acceleration = np.sin(phase), -(OMEGA**2) * np.sin(phase)
    effort = MASS * acceleration + STIFFNESS * position + disturbance
    return JointState(k * STEP_NS, position, OMEGA * np.cos(old), effort)


@pytest.mark.parametrize('age', [0.0, 0.002, 0.009])
def test_it_finds_a_constant_disturbance_in_motion(age: float) -> None:
    observer, hidden = estimate(velocity_delay=age), np.array([1.5, -0.4])
    values = [observer.update(moving(k, hidden, age)) for k in range(600)]
    np.testing.assert_allclose(values[200:], np.tile(hidden, (400, 1)), atol=0.02)


def test_the_wrong_age_of_the_velocity_costs_accuracy() -> None:
    errors = []
    for assumed in (0.0, 0.004, 0.008):
        observer = estimate(velocity_delay=assumed)
        values = [observer.update(moving(k, np.zeros(2), 0.004)) for k in range(600)]
        errors.append(np.abs(values[200:]).max())
    assert errors[1] < 0.05 * min(errors[0], errors[2])


def test_a_step_is_followed_with_the_bandwidth() -> None:
    observer, hidden = estimate(bandwidth=10.0), np.array([1.0, 1.0])
    state = JointState(0, np.zeros(2), np.zeros(2), np.zeros(2))
    observer.update(state)
    observer.update(state._replace(stamp_ns=STEP_NS))
    values = [
        observer.update(state._replace(stamp_ns=k * STEP_NS, effort=hidden)) for k in range(2, 52)
    ]
    # The mean over a step knows half of the jump at first; from then on a first-order lag.
    left = (1 - 0.5 * (1 - np.exp(-0.05))) * np.exp(-0.05 * np.arange(50))
    np.testing.assert_allclose([value[0] for value in values], 1 - left, rtol=1e-12)


def test_smoothing_halves_the_noise_for_little_delay() -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.01, (4000, 2))
    spread, settled = [], []
    for smoothing in (0.0, 0.01):
        observer = estimate(smoothing=smoothing)
        states = (
            moving(k, np.zeros(2))._replace(
                effort=np.zeros(2), position=np.zeros(2), velocity=noise[k]
            )
            for k in range(4000)
        )
        spread.append(np.std([observer.update(state) for state in states]))
        observer = estimate(smoothing=smoothing)
        value = [observer.update(moving(k, np.ones(2)))[0] for k in range(100)]
        settled.append(int(np.argmax(np.array(value) > 0.63)) * PERIOD)
    assert spread[1] < 0.55 * spread[0]
    assert settled[1] - settled[0] == pytest.approx(0.01, abs=PERIOD)


def test_a_lead_sees_a_ramp_of_effort_early() -> None:
    rest = JointState(0, np.zeros(2), np.zeros(2), np.zeros(2))
    for lead, expected in ((0.0, 0.0975), (0.002, 0.0995), (0.012, 0.1095)):
        observer = estimate(lead=lead)
        for k in range(21):
            observer.update(rest._replace(stamp_ns=k * STEP_NS, effort=np.full(2, k * PERIOD)))
        np.testing.assert_allclose(observer.raw, expected, rtol=1e-12)


def test_what_is_explained_is_no_disturbance() -> None:
    observer, hidden = estimate(), np.array([1.5, -0.4])
    for k in range(600):
        value = observer.update(moving(k, hidden), explained=hidden)
    np.testing.assert_allclose(value, 0.0, atol=0.01)


def test_frozen_it_holds_and_bleeds() -> None:
    observer, hidden = estimate(bleed=2.0), np.array([1.5, -0.4])
    for k in range(600):
        before = observer.update(moving(k, hidden))
    for k in range(600, 700):
        after = observer.update(moving(k, 10 * hidden), frozen=True)
    np.testing.assert_allclose(after, before * np.exp(-2.0 * 0.5), rtol=1e-12)


def test_a_repeat_changes_nothing() -> None:
    once, twice = estimate(), estimate()
    for k in range(20):
        state = moving(k, np.ones(2))
        expected = once.update(state)
        twice.update(state)
        np.testing.assert_array_equal(twice.update(state), expected)


@pytest.mark.parametrize('gap', [3, 400, -5])
def test_the_motion_across_a_gap_is_not_taken_for_one_step(gap: int) -> None:
    observer, hidden = estimate(), np.array([1.5, -0.4])
    for k in range(600):
        before = observer.update(moving(k, hidden))
    np.testing.assert_array_equal(observer.update(moving(599 + gap, hidden)), before)
    np.testing.assert_allclose(observer.update(moving(600 + gap, hidden)), hidden, atol=0.02)


@pytest.mark.parametrize('field', ['position', 'velocity', 'effort'])
def test_nothing_is_learned_from_what_is_not_finite(field: str) -> None:
    observer, hidden = estimate(), np.array([1.5, -0.4])
    for k in range(600):
        before = observer.update(moving(k, hidden))
    parts = moving(600, hidden)._asdict() | {field: np.array([1.0, np.nan])}
    broken = JointState(**parts)
    np.testing.assert_array_equal(observer.update(broken), before)
    np.testing.assert_array_equal(observer.update(moving(601, hidden)), before)
    np.testing.assert_allclose(observer.update(moving(602, hidden)), hidden, atol=0.02)


def test_after_a_reset_it_knows_nothing() -> None:
    observer = estimate()
    for k in range(20):
        observer.update(moving(k, np.ones(2)))
    observer.reset()
    np.testing.assert_array_equal(observer.value, 0.0)
    np.testing.assert_array_equal(observer.update(moving(20, np.ones(2))), 0.0)


@pytest.mark.parametrize(
    'name', ['period', 'bandwidth', 'velocity_delay', 'lead', 'smoothing', 'bleed']
)
def test_a_number_out_of_range_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r'> 0 s|>= 0'):
        estimate(**{name: -1.0})


HIDDEN = np.array([1.5, -0.4])


def model_estimate() -> ModelDisturbance:
    return ModelDisturbance(MassOnSpring(), LowPass(2, bandwidth=20.0, bleed=0.5), period=PERIOD)


def test_one_step_of_the_model_finds_a_constant_disturbance_in_motion() -> None:
    observer = model_estimate()
    values = [
        observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN)) for k in range(600)
    ]
    # the mean acceleration over a step is that of its middle, half a step later
    bound = MASS * OMEGA**3 * PERIOD / 2
    assert (np.abs(values[200:] - HIDDEN) <= 1.05 * bound).all()


def test_where_the_model_filters_noise_it_is_smoother_than_the_classical_one() -> None:
    rng = np.random.default_rng(5)
    ours, classical = model_estimate(), estimate()
    values = []
    for k in range(2000):
        state = moving(k, HIDDEN)
        state = state._replace(velocity=state.velocity + rng.normal(scale=0.02, size=2))
        values.append(
            [*ours.update(state, predicted=moving(k + 1, HIDDEN)), *classical.update(state)]
        )
    rough = np.std(np.diff(values[200:], axis=0), axis=0)
    assert (rough[:2] < 0.1 * rough[2:]).all()


def test_what_is_explained_is_left_out() -> None:
    observer = model_estimate()
    for k in range(400):
        value = observer.update(moving(k, HIDDEN), HIDDEN, predicted=moving(k + 1, HIDDEN))
    assert abs(value[0]) < 0.3


def test_frozen_it_bleeds() -> None:
    observer = model_estimate()
    for k in range(200):
        before = observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN))
    for k in range(200, 240):
        after = observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN), frozen=True)
    assert after[0] == pytest.approx(before[0] * np.exp(-0.5 * 0.2), rel=1e-9)


@pytest.mark.parametrize('gap', ['no prediction', 'another time', 'not finite'])
def test_it_stays_where_two_predictions_do_not_follow_on_each_other(gap: str) -> None:
    observer = model_estimate()
    for k in range(200):
        before = observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN))
    assert observer.fresh
    state, ahead = moving(200, HIDDEN), moving(201, HIDDEN)
    if gap == 'no prediction':
        after = observer.update(state, predicted=None)
    elif gap == 'another time':
        after = observer.update(moving(205, HIDDEN), predicted=moving(206, HIDDEN))
    else:
        after = observer.update(state, predicted=ahead._replace(velocity=np.full(2, np.nan)))
    np.testing.assert_array_equal(after, before)
    assert not observer.fresh


def test_the_first_prediction_is_not_enough() -> None:
    observer = model_estimate()
    assert observer.update(moving(0, HIDDEN), predicted=moving(1, HIDDEN))[0] == 0.0
    assert observer.update(moving(1, HIDDEN), predicted=moving(2, HIDDEN))[0] > 0.0


def test_after_a_reset_it_is_as_new() -> None:
    observer = model_estimate()
    first = [
        observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN))[0] for k in range(9)
    ]
    observer.reset()
    assert observer.value[0] == 0.0
    assert [
        observer.update(moving(k, HIDDEN), predicted=moving(k + 1, HIDDEN))[0] for k in range(9)
    ] == first
