# SPDX-License-Identifier: Apache-2.0
"""Tests for control/adaptation.py, against a made robot whose payload and friction are known."""

from typing import Any

from lstm_dynamics_ros.control.adaptation import (
    Adaptation,
    AdaptationSettings,
    RecursiveLeastSquares,
)
from lstm_dynamics_ros.control.base import ControlContext, Prior
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Reference, Vector
import numpy as np
import pytest

PERIOD = 0.005
PAYLOAD = np.array([2.5, 0.1, -0.05, 0.3])
COULOMB, VISCOUS = np.array([1.0, 0.4]), np.array([0.8, 0.2])


class Made:
    """Two joints; some smooth functions stand for the torque of a payload."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return acceleration

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """See the protocol."""
        q1, q2 = position
        a1, a2 = acceleration
        return np.array(
            [
                [5 * np.cos(q1) + a1, 9.8 * np.cos(q2), a2 + velocity[0], 9.8 * np.sin(q1 + q2)],
                [2 * np.cos(q1 + q2), 9.8 * np.sin(q2), 9.8 * np.cos(q1 - q2), a1 + a2],
            ]
        )


def context(prior: Prior | None = None) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'),
        period=PERIOD,
        latency=PERIOD,
        effort_limits=(50.0, None),
        prior=Made() if prior is None else prior,
    )


def adaptation(**settings: Any) -> Adaptation:  # noqa: ANN401
    made = AdaptationSettings(enabled=True, **settings).build(context())
    assert made is not None
    return made


def reference_at(k: int) -> Reference:
    t, w = k * PERIOD, np.array([2.0, 3.1])
    phase = w * t + np.array([0.0, 1.0])
    return Reference(
        k * 5_000_000, 1.1 * np.sin(phase), 1.1 * w * np.cos(phase), -1.1 * w**2 * np.sin(phase)
    )


def truth(reference: Reference, payload: Vector, *, friction: bool) -> Vector:
    torque: Vector = Made().payload_torque(*reference[1:]) @ payload
    if friction:
        sign = np.tanh(reference.velocity / 0.02)
        torque = torque + COULOMB * sign + VISCOUS * reference.velocity
    return torque


def live(
    it: Adaptation, payload: Vector, steps: range, *, friction: bool = False, noise: float = 0.0
) -> None:
    random = np.random.default_rng(0)
    for k in steps:
        reference = reference_at(k)
        known = it.explain(reference)
        measured = truth(reference, payload, friction=friction) + noise * random.normal(size=2)
        it.learn(measured - known)


def test_it_finds_a_payload() -> None:
    it = adaptation(friction=False, leak=1e-3)
    live(it, PAYLOAD, range(1200), noise=0.5)
    np.testing.assert_allclose(it.parameters, PAYLOAD, atol=0.03)


def test_it_tells_payload_from_friction() -> None:
    it = adaptation(leak=1e-3, memory=4.0)
    live(it, PAYLOAD, range(2400), friction=True)
    np.testing.assert_allclose(it.parameters[:4], PAYLOAD, atol=0.05)
    np.testing.assert_allclose(it.parameters[4:], [*COULOMB, *VISCOUS], atol=0.1)


def test_a_changed_payload_is_followed_and_its_torque_goes_ahead() -> None:
    it = adaptation(friction=False, leak=1e-3, memory=1.0)
    live(it, 0 * PAYLOAD, range(800))
    live(it, PAYLOAD, range(800, 2200))
    for k in (3000, 3100, 3200):
        expected = truth(reference_at(k), PAYLOAD, friction=False)
        np.testing.assert_allclose(it.torque(reference_at(k)), expected, atol=0.1)


def test_it_learns_the_whole_and_not_only_what_it_left() -> None:
    once, twice = adaptation(), adaptation()
    live(once, PAYLOAD, range(400))
    for k in range(400):  # the same measurements, but nobody ever takes its torque off
        reference = reference_at(k)
        known = twice.explain(reference)
        twice.learn(truth(reference, PAYLOAD, friction=False) - known)
    np.testing.assert_allclose(once.parameters, twice.parameters)


@pytest.mark.parametrize('why', ['frozen', 'rest', 'nan'])
def test_it_stands_still_when_there_is_nothing_to_learn(why: str) -> None:
    it = adaptation()
    live(it, PAYLOAD, range(400))
    before = it.parameters.copy()
    rest = reference_at(400)._replace(velocity=np.full(2, 0.009))
    for k in range(400, 800):
        it.explain(rest if why == 'rest' else reference_at(k))
        it.learn(np.full(2, np.nan if why == 'nan' else 9.0), frozen=why == 'frozen')
    np.testing.assert_array_equal(it.parameters, before)


@pytest.mark.parametrize('size', [1.0, 1e3, 1e6, 1e200])
def test_garbage_keeps_it_within_bounds_and_finite(size: float) -> None:
    it, random = adaptation(maximum_mass=3.0, maximum_offset=0.2), np.random.default_rng(0)
    for _ in range(400):
        reference = Reference(0, *(size * random.normal(size=(3, 2))))
        it.explain(reference)
        it.learn(size * random.standard_cauchy(2))
        assert 0.0 <= it.parameters[0] <= 3.0
        assert (np.abs(it.parameters[1:4]) <= 0.2 * it.parameters[0]).all()
        assert (it.parameters[4:] >= 0.0).all()
        assert (it.parameters[4:] <= 0.2 * 50.0).all()


def test_a_negative_payload_is_none() -> None:
    it = adaptation(friction=False)
    live(it, -PAYLOAD, range(800))
    np.testing.assert_array_equal(it.parameters, 0.0)


def test_after_a_reset_it_is_as_new() -> None:
    used, fresh = adaptation(), adaptation()
    live(used, PAYLOAD, range(100))
    used.reset()
    for it in (used, fresh):
        live(it, PAYLOAD, range(50))
    np.testing.assert_array_equal(used.parameters, fresh.parameters)


def test_it_is_off_unless_asked_for() -> None:
    assert AdaptationSettings().build(context()) is None


def test_a_prior_that_knows_no_payload_is_refused() -> None:
    class Bare:
        def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
            return acceleration

    with pytest.raises(ConfigError, match='knows the effort of a payload, got Bare'):
        AdaptationSettings(enabled=True).build(context(Bare()))


TRUTH = np.array([2.0, -0.5, 0.3])
DT = 0.005


def regression(seed: int = 0, leak: float = 1e-6, memory: float = 2.0) -> RecursiveLeastSquares:
    return RecursiveLeastSquares(np.ones(3), memory=memory, leak=leak)


def feed(fit: RecursiveLeastSquares, truth: Vector, steps: int, *, noise: float = 0.0) -> None:
    random = np.random.default_rng(1)
    for _ in range(steps):
        regressor = random.normal(size=(2, 3))
        target = regressor @ truth + noise * random.normal(size=2)
        fit.update(target, regressor, np.ones(2), DT)


def test_it_finds_the_parameters() -> None:
    fit = regression()
    feed(fit, TRUTH, 200)
    np.testing.assert_allclose(fit.parameters, TRUTH, rtol=1e-4)


def test_it_is_the_weighted_least_squares_of_the_window() -> None:
    fit, random = regression(leak=0.3, memory=0.1), np.random.default_rng(3)
    rows, targets, weights = [], [], []
    keep = np.exp(-DT / 0.1)
    for k in range(50):
        regressor, target = random.normal(size=(2, 3)), random.normal(size=2)
        weight = np.array([1.0, 4.0])
        fit.update(target, regressor, weight, DT)
        rows.append(regressor)
        targets.append(target)
        weights.append(DT * weight * keep ** (49 - k))
    root = np.sqrt(np.concatenate(weights))
    matrix = np.vstack([np.concatenate(rows) * root[:, None], np.sqrt(0.3) * np.eye(3)])
    expected = np.linalg.lstsq(matrix, np.append(np.concatenate(targets) * root, np.zeros(3)))[0]
    np.testing.assert_allclose(fit.parameters, expected, rtol=1e-9)


def test_a_change_is_followed_within_the_memory() -> None:
    fit = regression(memory=0.5)
    feed(fit, TRUTH, 1000)
    feed(fit, -TRUTH, round(0.5 / DT))
    progress = (TRUTH - fit.parameters) @ TRUTH / (2 * TRUTH @ TRUTH)
    assert progress == pytest.approx(1 - np.exp(-1), abs=0.05)
    feed(fit, -TRUTH, 1000)
    np.testing.assert_allclose(fit.parameters, -TRUTH, rtol=1e-3)


def test_what_is_not_excited_leaks_to_zero() -> None:
    fit = regression(leak=0.01, memory=0.2)
    feed(fit, TRUTH, 400)
    for _ in range(400):  # only the first parameter is still seen
        fit.update(np.array([TRUTH[0]]), np.array([[1.0, 0.0, 0.0]]), np.ones(1), DT)
    assert fit.parameters[0] == pytest.approx(TRUTH[0], rel=0.1)
    assert np.abs(fit.parameters[1:]).max() < 0.01


def test_without_weight_nothing_changes() -> None:
    fit = regression()
    feed(fit, TRUTH, 50)
    before = fit.parameters.copy()
    for _ in range(1000):
        fit.update(np.ones(2), np.ones((2, 3)), np.zeros(2), DT)
    np.testing.assert_array_equal(fit.parameters, before)


@pytest.mark.parametrize('garbage', [np.nan, np.inf, -np.inf, 1e300])
def test_garbage_changes_nothing(garbage: float) -> None:
    fit = regression()
    feed(fit, TRUTH, 50)
    before = fit.parameters.copy()
    fit.update(np.array([garbage, 1.0]), np.ones((2, 3)), np.ones(2), DT)
    fit.update(np.ones(2), np.full((2, 3), garbage), np.ones(2), DT)
    np.testing.assert_array_equal(fit.parameters, before)


def test_parallel_regressors_stay_finite() -> None:
    fit = regression(leak=1e-3)
    for k in range(2000):
        row = np.ones((1, 3)) * (1e4 if k % 2 else 1e-4)
        assert np.isfinite(fit.update(row[0, :1], row, np.ones(1), DT)).all()


def test_a_number_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match='needs memory, leak and all scales > 0'):
        RecursiveLeastSquares(np.array([1.0, 0.0]), memory=1.0, leak=1.0)
