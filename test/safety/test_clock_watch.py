# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/clock_watch.py. A clock that advances every 10 ms, joint states every 5 ms."""

from lstm_dynamics_ros.safety.clock_watch import ClockState, ClockWatch
import pytest

STEP = 0.005
END = 2.0


def watch_until(clock_end: float, states_end: float, end: float = END) -> ClockWatch:
    """Return a watch that has looked every 5 ms up to a time, at what stopped before [s]."""
    watch = ClockWatch(timeout=0.25, silence=0.1, longest_pause=10.0)
    for k in range(round(end / STEP)):
        now = k * STEP
        watch.look(now, 1_000_000_000 + int(min(now, clock_end) / 0.01) * 10_000_000)
        if now <= states_end:
            watch.came(now)
            watch.used(now)
    return watch


def test_a_clock_that_advances_runs() -> None:
    watch = watch_until(END, END)
    assert watch.state(END) is ClockState.RUNNING
    assert watch.reason(END) == ''


def test_no_clock_does_not_run_and_the_reason_names_its_topic() -> None:
    watch = ClockWatch(0.25, 0.1, 10.0)
    for k in range(100):
        watch.look(k * STEP, 0)
        watch.came(k * STEP)
        watch.used(k * STEP)
        assert watch.state(k * STEP) is ClockState.STOPPED
    assert 'nothing has come on /clock' in watch.reason(0.5)


@pytest.mark.parametrize('silent', [False, True])
def test_a_clock_that_never_advanced_is_neither_running_nor_paused(silent: bool) -> None:
    watch = ClockWatch(0.25, 0.1, 10.0)
    for k in range(100):
        watch.look(k * STEP, 1_000_000_000)
        if k < 20 or not silent:
            watch.came(k * STEP)
            watch.used(k * STEP)
        assert watch.state(k * STEP) is ClockState.STOPPED
    assert '/clock has not advanced' in watch.reason(0.5)


def test_a_clock_that_stands_while_joint_states_come_is_stopped() -> None:
    assert watch_until(1.0, END, 1.2).state(1.2) is ClockState.RUNNING
    watch = watch_until(1.0, END, 1.3)
    assert watch.state(1.3) is ClockState.STOPPED
    assert '/clock stood still' in watch.reason(1.3)
    assert 'no pause' in watch.reason(1.3)


def test_that_is_no_pause_either_if_joint_states_stop_long_after_it() -> None:
    watch = watch_until(1.0, 1.5)
    assert watch.state(2.0) is ClockState.STOPPED
    assert 'no pause' in watch.reason(2.0)


def test_clock_and_joint_states_that_stop_together_are_a_pause() -> None:
    watch = watch_until(1.0, 1.0, 1.2)
    assert watch.state(1.2) is ClockState.PAUSED
    assert watch.reason(1.2).startswith('The simulation is paused: /clock')


@pytest.mark.parametrize('offset', [-0.04, 0.2])
def test_they_need_not_stop_in_the_same_instant(offset: float) -> None:
    watch = watch_until(1.0, 1.0 + offset)
    assert watch.state(END) is ClockState.PAUSED


def test_joint_states_that_stop_alone_are_no_pause() -> None:
    for now in (1.05, 1.11, 1.5):
        assert watch_until(END, 1.0, now).state(now) is ClockState.RUNNING


def test_a_clock_that_stops_after_the_joint_states_is_no_pause() -> None:
    watch = watch_until(1.2, 1.0)
    assert watch.state(END) is ClockState.STOPPED


def test_a_pause_is_bounded() -> None:
    watch = watch_until(1.0, 1.0)
    assert watch.state(10.9) is ClockState.PAUSED
    assert watch.state(11.1) is ClockState.STOPPED
    assert 'more than pause_timeout (10 s)' in watch.reason(11.1)


def test_messages_that_go_on_but_cannot_be_used_are_no_pause_either() -> None:
    watch = watch_until(1.0, 1.0, 1.0)
    for k in range(80):
        watch.came(1.0 + k * STEP)
    assert watch.state(1.4) is ClockState.STOPPED


def test_after_a_pause_it_runs() -> None:
    watch = watch_until(1.0, 1.0)
    assert not watch.look(2.0, 3_000_000_000)
    assert watch.state(2.0) is ClockState.RUNNING


def test_a_slow_clock_runs() -> None:
    watch = ClockWatch(0.25, 0.1, 10.0)
    for k in range(400):
        now = k * STEP
        watch.look(now, 1 + int(now / 0.1))
        watch.came(now)
        watch.used(now)
        assert k < 21 or watch.state(now) is ClockState.RUNNING


def test_a_clock_that_is_set_back_runs_and_says_so() -> None:
    watch = watch_until(END, END)
    assert watch.look(END, 1_000_000_000)
    assert watch.state(END) is ClockState.RUNNING
    assert not watch.look(END, 1_000_000_000)


def test_another_clock_starts_with_nothing() -> None:
    watch = watch_until(END, END)
    watch.reset()
    assert watch.state(END) is ClockState.STOPPED


def resumed(*, clock: bool, seconds: float) -> ClockWatch:
    """Return a watch on a pause of 5 s after which joint states came again for a while."""
    watch = watch_until(1.0, 1.0, 6.0)
    for k in range(round(seconds / STEP)):
        now = 6.0 + k * STEP
        watch.came(now)
        watch.used(now)
        if clock:
            watch.look(now, 3_000_000_000 + k)
    return watch


def test_joint_states_that_come_first_after_a_pause_are_part_of_it() -> None:
    assert resumed(clock=False, seconds=0.2).state(6.2) is ClockState.PAUSED


def test_joint_states_that_go_on_alone_after_a_pause_are_none() -> None:
    assert resumed(clock=False, seconds=0.4).state(6.4) is ClockState.STOPPED


def test_a_pause_is_over_once_the_clock_advances() -> None:
    assert resumed(clock=True, seconds=0.2).state(6.2) is ClockState.RUNNING
