# SPDX-License-Identifier: Apache-2.0
"""Tests for control/disturbance_estimate.py, against motion in closed form."""

from lstm_dynamics_ros.control.disturbance_estimate import DisturbanceEstimate, ModelDisturbance
from lstm_dynamics_ros.core.state import JointState, Vector
import numpy as np
import pytest

PERIOD, STEP_NS = 0.005, 5_000_000
MASS, STIFFNESS, OMEGA = 2.0, 30.0, 3.0
HIDDEN = np.array([1.5])


class MassOnSpring:
    """A mass on a spring."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return MASS * acceleration + STIFFNESS * position


def estimate(bandwidth: float = 20.0) -> ModelDisturbance:
    return ModelDisturbance(MassOnSpring(), 1, period=PERIOD, bandwidth=bandwidth, bleed=0.5)


def measured(k: int) -> JointState:
    """Return a sinusoidal motion at step k, driven against a disturbance."""
    phase = np.array([OMEGA * k * PERIOD])
    effort = (STIFFNESS - MASS * OMEGA**2) * np.sin(phase) + HIDDEN
    return JointState(k * STEP_NS, np.sin(phase), OMEGA * np.cos(phase), effort)


def test_it_finds_a_constant_disturbance_in_motion() -> None:
    observer = estimate()
    values = [observer.update(measured(k), predicted=measured(k + 1)) for k in range(600)]
    # the mean acceleration over a step is that of its middle, half a step later
    bound = MASS * OMEGA**3 * PERIOD / 2
    np.testing.assert_allclose(values[200:], np.tile(HIDDEN, (400, 1)), atol=1.05 * bound)


def test_where_the_model_filters_noise_it_is_smoother_than_the_classical_one() -> None:
    rng = np.random.default_rng(5)
    ours, classical = (
        estimate(),
        DisturbanceEstimate(MassOnSpring(), 1, period=PERIOD, bandwidth=20.0, velocity_delay=0.0),
    )
    values = []
    for k in range(2000):
        state = measured(k)
        state = state._replace(velocity=state.velocity + rng.normal(scale=0.02, size=1))
        values.append([*ours.update(state, predicted=measured(k + 1)), *classical.update(state)])
    rough = np.std(np.diff(values[200:], axis=0), axis=0)
    assert rough[0] < 0.1 * rough[1]


def test_what_is_explained_is_left_out() -> None:
    observer = estimate()
    for k in range(400):
        value = observer.update(measured(k), HIDDEN, predicted=measured(k + 1))
    assert abs(value[0]) < 0.3


def test_frozen_it_bleeds() -> None:
    observer = estimate()
    for k in range(200):
        before = observer.update(measured(k), predicted=measured(k + 1))
    for k in range(200, 240):
        after = observer.update(measured(k), predicted=measured(k + 1), frozen=True)
    assert after[0] == pytest.approx(before[0] * np.exp(-0.5 * 0.2), rel=1e-9)


@pytest.mark.parametrize('gap', ['no prediction', 'another time', 'not finite'])
def test_it_stays_where_two_predictions_do_not_follow_on_each_other(gap: str) -> None:
    observer = estimate()
    for k in range(200):
        before = observer.update(measured(k), predicted=measured(k + 1))
    assert observer.fresh
    state, ahead = measured(200), measured(201)
    if gap == 'no prediction':
        after = observer.update(state, predicted=None)
    elif gap == 'another time':
        after = observer.update(measured(205), predicted=measured(206))
    else:
        after = observer.update(state, predicted=ahead._replace(velocity=np.full(1, np.nan)))
    np.testing.assert_array_equal(after, before)
    assert not observer.fresh


def test_the_first_prediction_is_not_enough() -> None:
    observer = estimate()
    assert observer.update(measured(0), predicted=measured(1))[0] == 0.0
    assert observer.update(measured(1), predicted=measured(2))[0] > 0.0


def test_after_a_reset_it_is_as_new() -> None:
    observer = estimate()
    first = [observer.update(measured(k), predicted=measured(k + 1))[0] for k in range(9)]
    observer.reset()
    assert observer.value[0] == 0.0
    assert [observer.update(measured(k), predicted=measured(k + 1))[0] for k in range(9)] == first
