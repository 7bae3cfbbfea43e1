# SPDX-License-Identifier: Apache-2.0
"""Friction against its equation, row by row."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.physics.friction import Friction, FrictionStep
import numpy as np
import pytest


def friction(**changed: list[float]) -> Friction:
    values = {
        'coulomb': [0.5, 1.0],
        'viscous': [0.2, 0.3],
        'viscous_back': [0.2, 0.4],
        'offset': [0.0, -0.1],
        'smoothing': [0.01, 0.1],
    } | changed
    return Friction(**{name: np.array(row) for name, row in values.items()})


def test_far_from_rest_it_is_coulomb_and_viscous_friction() -> None:
    got = friction().torque(np.array([[2.0, 2.0], [-2.0, -2.0]]))
    expected = [[0.5 + 0.4, 1.0 + 0.6 - 0.1], [-0.5 - 0.4, -1.0 - 0.8 - 0.1]]
    np.testing.assert_allclose(got, expected)


def test_at_rest_only_the_offset_is_left() -> None:
    np.testing.assert_allclose(friction().torque(np.zeros(2)), [0.0, -0.1])


@pytest.mark.parametrize('back', [[0.2, 0.3], [0.1, 0.6]])
def test_added_step_by_step_it_is_the_same(back: list[float]) -> None:
    rub = friction(viscous_back=back)
    step, start = FrictionStep(rub), np.array([3.0, -1.0])
    for velocity in np.random.default_rng(0).normal(size=(20, 2)):
        torque = start.copy()
        step.add(velocity, torque)
        np.testing.assert_allclose(torque, start + rub.torque(velocity), rtol=1e-12)


def test_it_comes_back_from_its_text() -> None:
    rub = friction()
    again = Friction.from_text(rub.to_text())
    for name in ('coulomb', 'viscous', 'viscous_back', 'offset', 'smoothing'):
        np.testing.assert_array_equal(getattr(again, name), getattr(rub, name))


@pytest.mark.parametrize('text', ['', '[]', '{"coulomb": [1]}', '{"coulomb": ["x"]}', '{'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match='The friction is not'):
        Friction.from_text(text)


@pytest.mark.parametrize(
    ('name', 'values', 'message'),
    [
        ('viscous', [0.1], r'viscous must be \(2,\)'),
        ('offset', [np.nan, 0.0], 'offset must be'),
        ('smoothing', [0.0, 0.1], 'smoothing must be > 0'),
    ],
)
def test_what_is_no_friction_is_refused(name: str, values: list[float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        friction(**{name: values})
