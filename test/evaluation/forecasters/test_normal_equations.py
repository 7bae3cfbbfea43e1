# SPDX-License-Identifier: Apache-2.0
"""Chunked ridge regression against numpy on all rows at once."""

from collections.abc import Iterator

from lstm_dynamics_ros.evaluation.forecasters.normal_equations import normal_of, scaling_of, solve
import numpy as np
from numpy.testing import assert_allclose
from numpy.typing import NDArray

Array = NDArray[np.float64]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 4)) * [1.0, 10.0, 0.1, 3.0] + [0.0, 5.0, -2.0, 1.0]
Y = X @ RNG.normal(size=(4, 2)) + [1.0, -1.0] + 0.01 * RNG.normal(size=(500, 2))


def chunks(x: Array = X) -> Iterator[tuple[Array, Array]]:
    for first in range(0, len(x), 70):
        yield x[first : first + 70], Y[first : first + 70]


def test_without_penalty_it_is_least_squares() -> None:
    scaling = scaling_of(chunks)
    assert scaling is not None
    fit = solve(normal_of(chunks, scaling), 0.0)
    assert fit is not None
    expected = np.linalg.lstsq(np.hstack([X, np.ones((500, 1))]), Y, rcond=None)[0]
    assert_allclose(np.vstack(fit.unscaled(scaling)), expected, rtol=1e-9)


def test_with_penalty_it_is_ridge_on_standardised_features() -> None:
    scaling = scaling_of(chunks)
    assert scaling is not None
    fit = solve(normal_of(chunks, scaling), 0.3)
    assert fit is not None
    weights, offset = fit.unscaled(scaling)
    z = (X - X.mean(0)) / X.std(0)
    centred = Y - Y.mean(0)
    w = np.linalg.solve(z.T @ z + 0.3 * 500 * np.eye(4), z.T @ centred)
    assert_allclose(X @ weights + offset, z @ w + Y.mean(0), rtol=1e-9)


def test_a_constant_feature_gets_no_weight() -> None:
    x = X.copy()
    x[:, 2] = 7.0
    scaling = scaling_of(lambda: chunks(x))
    assert scaling is not None
    fit = solve(normal_of(lambda: chunks(x), scaling), 1e-6)
    assert fit is not None
    assert (fit.unscaled(scaling)[0][2] == 0).all()


def test_the_error_on_other_rows_comes_from_their_sums() -> None:
    scaling = scaling_of(chunks)
    assert scaling is not None
    fit = solve(normal_of(lambda: iter([(X[:300], Y[:300])]), scaling), 0.01)
    assert fit is not None
    rest = normal_of(lambda: iter([(X[300:], Y[300:])]), scaling)
    weights, offset = fit.unscaled(scaling)
    expected = ((X[300:] @ weights + offset - Y[300:]) ** 2).sum(axis=0)
    assert_allclose(rest.squared_error(fit), expected, rtol=1e-9)


def test_some_features_are_fitted_as_if_there_were_no_others() -> None:
    scaling = scaling_of(chunks)
    assert scaling is not None
    some = np.array([1, 3])
    fit = solve(normal_of(chunks, scaling).of(some), 0.0)
    assert fit is not None
    expected = np.linalg.lstsq(np.hstack([X[:, some], np.ones((500, 1))]), Y, rcond=None)[0]
    assert_allclose(np.vstack(fit.unscaled(scaling.of(some))), expected, rtol=1e-9)


def test_no_rows_have_no_scaling() -> None:
    assert scaling_of(lambda: iter(())) is None


def test_singular_equations_have_no_solution() -> None:
    x = X.copy()
    x[:, 2] = 7.0
    scaling = scaling_of(lambda: chunks(x))
    assert scaling is not None
    assert solve(normal_of(lambda: chunks(x), scaling), 0.0) is None
