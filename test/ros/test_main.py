# SPDX-License-Identifier: Apache-2.0
"""Tests for main.py."""

from lstm_dynamics_ros.ros.main import help_text, NODES
import pytest


@pytest.mark.parametrize('name', NODES)
def test_help_shows_every_parameter_with_its_default(name: str) -> None:
    text = help_text(name)
    assert text.startswith(f'usage: {name} ')
    assert '  executor: events\n      How callbacks are run.' in text
