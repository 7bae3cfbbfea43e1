# SPDX-License-Identifier: Apache-2.0
"""Tests for control/base.py: gains, and the page that tells how to add a controller."""

from pathlib import Path
import re
from typing import Any

from lstm_dynamics_ros.control import ControlInput, CONTROLLERS
from lstm_dynamics_ros.control.base import (
    ControlContext,
    NoController,
    NoneConfig,
    per_joint,
    required_prior,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference
import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / 'docs' / 'add_a_controller.md'

CONTEXT = ControlContext(
    joint_names=('a', 'b'), period=0.005, latency=0.005, effort_limits=(10.0, 10.0)
)


@pytest.fixture
def spring(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Run the page's own code, and forget the controller afterwards."""
    monkeypatch.setattr(CONTROLLERS, '_classes', dict(CONTROLLERS._classes))
    (code,) = re.findall(r'```python\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.DOTALL)
    exec(compile(code, str(PAGE), 'exec'), {'__name__': 'page'})
    return CONTROLLERS['spring']().build(CONTEXT)


def test_the_controller_on_the_page_works(spring: Any) -> None:  # noqa: ANN401
    zero = np.zeros(2)
    state = JointState(0, np.array([0.1, 0.2]), zero, zero)
    target = Reference(stamp_ns=0, position=np.array([0.3, 0.2]), velocity=zero, acceleration=zero)
    given = ControlInput(measured=state, reference=target, preview=target, applied=zero)
    np.testing.assert_allclose(spring.torque(given), [1.0, 0.0])


def test_a_controller_refuses_new_settings_unless_it_says_how() -> None:
    config = NoneConfig()
    with pytest.raises(ConfigError, match='No setting of NoneConfig can be changed while running'):
        config.build(CONTEXT).reconfigure(config)


def test_it_cannot_be_armed() -> None:
    assert CONTROLLERS['none'].__name__ == 'NoneConfig'
    assert NoController.computes_torque is False


@pytest.mark.parametrize(('values', 'expected'), [((3.0,), [3, 3]), ((1.0, 2.0), [1, 2])])
def test_one_value_is_for_all_joints(values: tuple[float, ...], expected: list[int]) -> None:
    np.testing.assert_array_equal(per_joint('gain', values, CONTEXT), expected)


@pytest.mark.parametrize('values', [(), (1.0, 2.0, 3.0)])
def test_another_number_of_values_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=rf'the 2 joints \(a, b\), got {len(values)}'):
        per_joint('gain', values, CONTEXT)


def test_a_missing_rigid_body_model_is_said_with_the_controller() -> None:
    with pytest.raises(ConfigError, match='mine needs a rigid-body model, got none'):
        required_prior('mine', CONTEXT)
