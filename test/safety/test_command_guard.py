# SPDX-License-Identifier: Apache-2.0
"""Tests for command_guard.py."""

import math
import subprocess
import sys

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.safety.command_guard import (
    CommandGuard,
    GuardSettings,
    GuardState,
    NOT_FROM_ZERO,
    ResetRefusedError,
)
import pytest

PERIOD = 0.005


def make_guard(**settings: object) -> CommandGuard:
    return CommandGuard(GuardSettings(**settings))  # type: ignore[arg-type]


def streaming(guard: CommandGuard, *, end: float = 1.0, value: float = 2.0) -> float:
    """Send commands until a time, and return it."""
    for k in range(round(end / PERIOD) + 1):
        assert guard.tick(k * PERIOD) is None
        sent_on = guard.command([value, -value], k * PERIOD, armed_anew=not k)
        assert sent_on == [value, -value]
    return end


def sent(guard: CommandGuard, begin: float, length: float) -> list[list[float]]:
    """Return what is sent by itself while nothing comes, one entry per millisecond."""
    answers = [guard.tick(begin + 0.001 * k) for k in range(1, round(length * 1000) + 1)]
    return [list(answer) for answer in answers if answer is not None]


def test_a_stream_is_let_through_and_nothing_is_added() -> None:
    guard = make_guard()
    streaming(guard)
    assert guard.state is GuardState.FORWARDING
    assert guard.counters['forwarded'] == 201
    assert guard.longest_gap == pytest.approx(PERIOD)


def test_without_a_stream_nothing_is_sent() -> None:
    assert sent(make_guard(), 0.0, 2.0) == []


def test_zero_is_sent_soon_after_a_stream_stops_for_a_while_and_then_nothing() -> None:
    guard = make_guard()
    end = streaming(guard)
    assert sent(guard, end, 0.049) == []
    way = sent(guard, end + 0.05, 2.0)
    assert len(way) == pytest.approx(1000, abs=2)
    assert not any(value for command in way for value in command)
    assert guard.state is GuardState.LATCHED
    assert guard.reason == 'The last usable command was 0.051 s old.'


def test_the_ramp_goes_straight_to_zero() -> None:
    guard = make_guard(safe_command='ramp', ramp_time=0.02)
    end = streaming(guard)
    way = sent(guard, end + 0.05, 0.03)
    assert way[0] == [2.0, -2.0]
    assert way[10] == pytest.approx([1.0, -1.0])
    assert way[20:] == [[0.0, 0.0]] * 10


def test_hold_keeps_the_last_command_no_longer_than_20_ms() -> None:
    guard = make_guard(safe_command='hold')
    end = streaming(guard)
    way = sent(guard, end + 0.05, 0.03)
    assert way[:19] == [[2.0, -2.0]] * 19
    assert way[21:] == [[0.0, 0.0]] * 9
    assert GuardSettings.__dataclass_fields__['hold_time'].metadata['setting'].maximum == 0.02


def test_a_stream_that_comes_back_by_itself_is_not_let_through() -> None:
    guard = make_guard()
    end = streaming(guard)
    assert guard.tick(end + 0.06) == [0.0, 0.0]
    for k in range(2000):
        assert guard.command([1.0, 1.0], end + 0.07 + k * PERIOD) is None
    assert guard.counters['refused'] == 2000


def test_a_late_command_stops_the_stream_even_if_nobody_looked_at_the_time() -> None:
    guard = make_guard()
    end = streaming(guard)
    assert guard.command([1.0, 1.0], end + 0.06) is None
    assert guard.state is GuardState.STOPPING
    assert guard.tick(end + 0.061) == [0.0, 0.0]


def test_a_stream_that_ends_with_zero_has_finished() -> None:
    guard = make_guard()
    end = streaming(guard)
    guard.command([0.0, 0.0], end + PERIOD)
    assert sent(guard, end + PERIOD, 2.0) == []
    assert guard.state is GuardState.IDLE
    assert guard.reason == ''
    assert guard.command([0.0, 0.0], end + 3.0) == [0.0, 0.0]
    assert guard.command([1.0, 1.0], end + 3.0 + PERIOD) == [1.0, 1.0]


def test_a_stream_that_is_met_half_way_is_not_let_through() -> None:
    guard = make_guard()
    for k in range(100):
        assert guard.command([1.0, 1.0], k * PERIOD) is None
    assert guard.state is GuardState.IDLE
    assert guard.reason == NOT_FROM_ZERO


def test_a_person_resets_it_once_the_stream_is_silent() -> None:
    guard = make_guard()
    end = streaming(guard)
    sent(guard, end, 2.0)
    guard.command([1.0, 1.0], end + 2.0)
    with pytest.raises(ResetRefusedError, match=r'still coming, the last one 0\.100 s ago'):
        guard.reset(end + 2.1)
    guard.reset(end + 2.3)
    assert guard.command([0.0, 0.0], end + 2.4) == [0.0, 0.0]


def test_a_sender_that_a_person_has_armed_again_is_let_through_after_silence() -> None:
    guard = make_guard()
    end = streaming(guard)
    guard.tick(end + 0.1)
    assert guard.command([1.0, 1.0], end + 0.2, armed_anew=True) is None
    assert guard.command([1.0, 1.0], end + 0.5, armed_anew=True) == [1.0, 1.0]


@pytest.mark.parametrize(
    ('values', 'counter'),
    [
        ([1.0, math.nan], 'not_finite'),
        ([math.inf, 1.0], 'not_finite'),
        ([1.0, 11.0], 'over_limit'),
        ([1.0], 'wrong_length'),
        ([1.0, 1.0, 1.0], 'wrong_length'),
        ([], 'wrong_length'),
    ],
)
def test_a_bad_command_is_dropped_and_does_not_keep_the_stream_alive(
    values: list[float], counter: str
) -> None:
    guard = make_guard(limits=(20.0, 10.0))
    end = streaming(guard)
    for k in range(1, 30):
        now = end + k * PERIOD
        assert guard.command(values, now) is None
        guard.tick(now)
    assert guard.counters[counter] == 29
    assert guard.state is GuardState.STOPPING


def test_one_limit_counts_for_all_joints() -> None:
    guard = make_guard(limits=(3.0,))
    assert guard.command([2.0, -3.0], 0.0, armed_anew=True) is not None
    assert guard.command([2.0, -3.1], 0.0) is None


def test_as_many_values_as_joints_are_expected() -> None:
    guard = make_guard(joints=('a', 'b'))
    assert guard.command([0.0, 0.0, 0.0], 0.0) is None
    assert guard.command([0.0, 0.0], 0.0) is not None


def test_limits_for_other_joints_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"expected 2 for \['a', 'b'\], got 3"):
        make_guard(joints=('a', 'b'), limits=(1.0, 1.0, 1.0))


def test_while_it_is_blocked_no_stream_starts() -> None:
    guard = make_guard()
    guard.blocked = 'Somebody else publishes.'
    assert guard.command([0.0, 0.0], 0.0) is None
    guard.blocked = ''
    assert guard.command([0.0, 0.0], 0.1) is not None


def test_a_stream_can_be_stopped_from_outside_and_stays_stopped() -> None:
    guard = make_guard()
    end = streaming(guard)
    guard.stop('Somebody else publishes.', end)
    assert guard.command([1.0, 1.0], end + PERIOD) is None
    assert guard.tick(end + PERIOD) == [0.0, 0.0]


def test_a_stream_that_had_finished_may_start_again_even_if_nobody_looked_at_the_time() -> None:
    guard = make_guard()
    end = streaming(guard, value=0.0)
    assert guard.command([1.0, 1.0], end + 1.0, armed_anew=True) == [1.0, 1.0]


def test_the_final_command_is_zero_only_while_it_may_hold_something_else() -> None:
    guard = make_guard()
    commands = [guard.final_command]
    end = streaming(guard)
    commands.append(guard.final_command)
    sent(guard, end, 3.0)
    commands.append(guard.final_command)
    assert commands == [None, [0.0, 0.0], None]


def test_it_needs_nothing_but_python() -> None:
    code = 'import sys, lstm_dynamics_ros.safety.command_guard; print(*sys.modules)'
    shown = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert not {'numpy', 'yaml', 'rclpy', 'onnxruntime'} & set(shown.stdout.split())
