# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/torque_watch.py. Stamps are of a clock that is 1000 s ahead."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.safety.torque_watch import DelayWatch, StallWatch, Watchdog
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


OFFSET = 1000.0
NANOSECONDS = 1_000_000_000


def fed(delays: list[float], *, period: float = 0.1) -> DelayWatch:
    """Return a watch that got joint states in order, each with a delay [s]."""
    watch = DelayWatch()
    now, before = 0.0, 0.0
    for delay in delays:
        now += period + max(0.0, delay - before)  # none overtakes another
        before = delay
        watch.take(now, round((now + OFFSET - delay) * NANOSECONDS))
    return watch


def test_before_the_first_there_is_no_delay() -> None:
    assert DelayWatch().excess == 0.0


def test_a_steady_delay_counts_as_none_whatever_the_clock() -> None:
    assert fed([0.004] * 200).excess == pytest.approx(0.0, abs=1e-6)


def test_what_comes_later_than_the_best_of_the_last_seconds_has_an_excess() -> None:
    assert fed([0.004] * 50 + [0.304]).excess == pytest.approx(0.3, abs=1e-6)
    assert fed([0.304] * 20 + [0.004] + [0.104]).excess == pytest.approx(0.1, abs=1e-6)


def test_what_comes_sooner_than_before_has_none() -> None:
    assert fed([0.304] * 20 + [0.004]).excess == 0.0


def test_clocks_that_drift_apart_are_no_delay() -> None:
    drift = 5e-4  # the most that NTP slews
    assert fed([drift * 0.1 * k for k in range(10_000)]).excess < 0.0025


def test_a_clock_that_is_set_back_or_forward_starts_anew() -> None:
    watch = fed([0.004] * 50)
    watch.take(5.0, round((5.0 + OFFSET - 30.0) * NANOSECONDS))
    assert watch.excess == 0.0
    watch.take(5.1, round((5.1 + OFFSET + 500.0) * NANOSECONDS))
    assert watch.excess == 0.0


def test_a_delay_that_lasts_is_forgotten_only_after_seconds() -> None:
    assert fed([0.0] * 100 + [0.3] * 15).excess == pytest.approx(0.3, abs=1e-6)
    assert fed([0.0] * 100 + [0.3] * 50).excess == pytest.approx(0.0, abs=1e-6)


def test_one_that_is_reset_knows_nothing() -> None:
    watch = fed([0.0] * 10 + [0.3])
    watch.reset()
    assert watch.excess == 0.0


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
