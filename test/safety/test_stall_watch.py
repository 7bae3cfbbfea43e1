# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/torque_watch.py."""

from lstm_dynamics_ros.safety.torque_watch import StallWatch
import pytest


def test_regular_looks_are_no_stall() -> None:
    watch = StallWatch(0.05)
    assert not any(watch.look(10.0 + 0.005 * k) for k in range(100))


def test_jitter_up_to_the_bound_is_no_stall() -> None:
    watch = StallWatch(0.0625)
    watch.begin(10.0)
    assert watch.look(10.0625) == ''


@pytest.mark.parametrize('seconds', [0.09, 0.3, 1.0])
def test_a_longer_break_is_said_once_with_its_length(seconds: float) -> None:
    watch = StallWatch(0.05)
    watch.look(10.0)
    assert f'did not run for {seconds:.3f} s' in watch.look(10.0 + seconds)
    assert watch.look(10.0 + seconds + 0.005) == ''


def test_nothing_is_known_before_the_first_look() -> None:
    assert StallWatch(0.05).look(1e9) == ''


def test_what_was_before_the_beginning_does_not_count() -> None:
    watch = StallWatch(0.05)
    watch.look(10.0)
    watch.begin(20.0)
    assert watch.look(20.01) == ''
