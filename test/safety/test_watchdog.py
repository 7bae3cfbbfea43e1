# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/torque_watch.py."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.safety.torque_watch import Watchdog
import pytest


def test_it_is_silent_before_the_first_data() -> None:
    watchdog = Watchdog(0.05)
    assert watchdog.age(1e9) is None
    assert not watchdog.expired(1e9)


def test_it_expires_after_the_timeout_and_recovers() -> None:
    watchdog = Watchdog(0.05)
    watchdog.feed(10.0)
    assert watchdog.age(10.04) == pytest.approx(0.04)
    assert not watchdog.expired(10.04)
    assert watchdog.expired(10.06)
    watchdog.feed(10.06)
    assert not watchdog.expired(10.07)


def test_a_forgotten_past_does_not_expire() -> None:
    watchdog = Watchdog(0.05)
    watchdog.feed(10.0)
    watchdog.forget()
    assert not watchdog.expired(100.0)


@pytest.mark.parametrize('timeout', [0.0, -1.0, float('nan')])
def test_a_timeout_must_be_positive(timeout: float) -> None:
    with pytest.raises(ConfigError, match='timeout must be > 0'):
        Watchdog(timeout)
