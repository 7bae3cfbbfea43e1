# SPDX-License-Identifier: Apache-2.0
"""Tests for interpolation.py."""

from lstm_dynamics_ros.signals.interpolation import Knot, Path
import numpy as np
from numpy.polynomial import Polynomial
from numpy.testing import assert_allclose
import pytest

ENDS = (100, 400_000_100)


@pytest.mark.parametrize(('degree', 'with_acceleration'), [(3, False), (5, True)])
def test_a_polynomial_of_its_degree_is_found_again(degree: int, with_acceleration: bool) -> None:
    true = Polynomial(np.array([0.3, -1.0, 2.0, 0.7, -3.0, 1.5])[: degree + 1])

    def rows(t: float) -> np.ndarray:
        return np.array([[true(t)], [true.deriv()(t)], [true.deriv(2)(t)]])

    first, second = (
        Knot(rows(t), has_velocity=True, has_acceleration=with_acceleration) for t in (0.0, 0.4)
    )
    path = Path()
    for t in (0.0, 0.1, 0.27, 0.4):
        found = path.at(ENDS[0] + round(t * 1e9), ENDS, first, second)
        assert_allclose(found, rows(t), atol=1e-9)
