# SPDX-License-Identifier: Apache-2.0
"""Tests for state_input.py: what a person reads; glitches, jumps, and the rate of messages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, RawSample
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.state_input import JumpGuard, RateMonitor, StateInput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

NAN = float('nan')


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load().card


def sample(k: int, *, period_ms: int = 5, **change: Any) -> RawSample:  # noqa: ANN401
    whole = RawSample(
        k * period_ms * 1_000_000, ('joint1', 'joint2'), (0.1, 0.2), (0.0, 0.0), (1.0, 1.0)
    )
    return whole._replace(**change)


def waiting_for(card: ModelCard, settings: PipelineSettings | None = None, **change: Any) -> str:  # noqa: ANN401
    state_input = StateInput(card, settings or PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, **change))
    return state_input.waiting_for()


def test_before_the_first_message_it_says_so(card: ModelCard) -> None:
    assert StateInput(card, PipelineSettings()).waiting_for() == 'No joint state has come yet.'


def test_with_good_messages_there_is_nothing_to_say(card: ModelCard) -> None:
    assert waiting_for(card) == ''


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'names': ('arm_joint1', 'arm_joint2')}, 'joint1 -> arm_joint1?'),
        ({'effort': ()}, 'needs effort'),
        ({'effort': (NAN, NAN)}, 'needs effort'),
        ({'velocity': ()}, 'derive_velocity'),
        ({'position': (NAN, 0.0)}, 'without finite positions'),
        ({'position': (1.0,)}, 'wrong length'),
        ({'names': ('joint1', 'joint1')}, "Expected ['joint1', 'joint2']"),
        (
            {'names': ('joint1',), 'position': (1.0,), 'velocity': (0.0,), 'effort': (0.0,)},
            "Expected ['joint1', 'joint2'], got ['joint1']",
        ),
    ],
)
def test_it_says_why_no_message_can_be_used(
    card: ModelCard, change: dict[str, Any], words: str
) -> None:
    assert words in waiting_for(card, **change)


def test_it_says_so_too_when_messages_turn_bad_later(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, effort=(1.0, 1.0) if k < 30 else ()))
    assert 'needs effort' in state_input.waiting_for()


def test_velocity_can_be_derived(card: ModelCard) -> None:
    assert waiting_for(card, PipelineSettings(derive_velocity=True), velocity=()) == ''


def test_a_model_trained_on_derived_velocity_gets_it_without_asking(card: ModelCard) -> None:
    assert waiting_for(replace(card, velocity_source='derived'), velocity=()) == ''


def test_messages_that_come_too_slowly_are_named_with_both_periods(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    for k in range(60):
        state_input.place(sample(k, period_ms=10))
    assert state_input.too_slow() == (
        'Joint states come every 10 ms, but the model needs them every 5 ms.'
    )
    assert state_input.message_period == pytest.approx(0.01)


def test_a_glitch_is_bridged_by_the_grid(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings())
    points = []
    for k in range(20):
        points += state_input.place(sample(k, position=(0.1, 3.0 if k == 10 else 0.2)))
    assert [point.index for point in points] == list(range(20))
    assert not any(point.restarted for point in points[1:])
    assert max(point.state.position[1] for point in points) == pytest.approx(0.2)
    assert state_input.counters['jump_dropped'] == 1


def test_a_jump_that_stays_starts_over(card: ModelCard) -> None:
    state_input = StateInput(card, PipelineSettings(jump_patience=3))
    points = []
    for k in range(30):
        points += state_input.place(sample(k, position=(0.1, 3.0 if k >= 10 else 0.2)))
    assert [point.index for point in points if point.restarted] == [0, 13]
    assert state_input.counters['jump_believed'] == 1


def state(stamp_ms: float, position: float, velocity: float = 0.0) -> JointState:
    zero = np.zeros(2)
    return JointState(
        round(stamp_ms * 1e6), np.array([0.0, position]), np.array([0.0, velocity]), zero
    )


def test_a_glitch_is_dropped_and_what_follows_is_used(card: ModelCard) -> None:
    guard = JumpGuard(card, 5.0, 3)
    assert guard.check(state(0, 0.0)) == (True, False)
    assert guard.check(state(1, 1.0)) == (False, False)
    assert guard.check(state(2, 0.0)) == (True, False)
    assert guard.counters == {'jump_dropped': 1, 'jump_believed': 0}


def test_the_limit_is_factor_times_speed_times_elapsed_plus_one_step(card: ModelCard) -> None:
    limit = 5.0 * 4.0 * (0.001 + 0.005)  # 0.12 rad
    for distance, usable in ((0.99 * limit, True), (1.01 * limit, False)):
        guard = JumpGuard(card, 5.0, 3)
        guard.check(state(0, 0.0))
        assert guard.check(state(1, distance)) == (usable, False)


def test_a_jump_that_persists_is_believed_and_clears_the_past(card: ModelCard) -> None:
    guard = JumpGuard(card, 5.0, 3)
    guard.check(state(0, 0.0))
    results = [guard.check(state(k, 2.0)) for k in range(1, 7)]
    assert results[:3] == [(False, False)] * 3
    assert results[3:] == [(True, True), (True, False), (True, False)]


def test_after_a_pause_a_longer_way_is_believed(card: ModelCard) -> None:
    guard = JumpGuard(card, 5.0, 3)
    guard.check(state(0, 0.0))
    assert guard.check(state(100, 2.0)) == (True, False)


def test_a_joint_that_hardly_moved_in_training_may_move_a_little(card: ModelCard) -> None:
    still = {
        name: replace(r, minimum=0.0, maximum=0.0) for name, r in card.training_ranges.items()
    }
    guard = JumpGuard(replace(card, training_ranges=still), 5.0, 3)
    guard.check(state(0, 0.0))
    assert guard.check(state(5, 0.02)) == (True, False)
    assert guard.check(state(10, 0.1)) == (False, False)


def test_without_a_training_range_nothing_is_dropped(card: ModelCard) -> None:
    guard = JumpGuard(replace(card, training_ranges={}), 5.0, 3)
    guard.check(state(0, 0.0))
    assert guard.check(state(1, 100.0)) == (True, False)


def test_a_factor_of_zero_drops_nothing(card: ModelCard) -> None:
    guard = JumpGuard(card, 0.0, 3)
    guard.check(state(0, 0.0))
    assert guard.check(state(1, 100.0)) == (True, False)


def test_a_continuous_joint_may_wrap(card: ModelCard) -> None:
    guard = JumpGuard(replace(card, joint_types=('revolute', 'continuous')), 5.0, 3)
    guard.check(state(0, np.pi - 0.01))
    assert guard.check(state(5, -np.pi + 0.01)) == (True, False)


def test_an_old_stamp_is_not_compared_with(card: ModelCard) -> None:
    guard = JumpGuard(card, 5.0, 3)
    guard.check(state(50, 0.0))
    assert guard.check(state(40, 3.0)) == (True, False)  # the time grid drops it
    assert guard.check(state(51, 0.0)) == (True, False)


def test_a_clock_set_back_starts_over(card: ModelCard) -> None:
    guard = JumpGuard(card, 5.0, 3)
    guard.check(state(5000, 0.0))
    assert guard.check(state(0, 3.0)) == (True, False)
    assert guard.check(state(1, 0.0)) == (False, False)


@pytest.mark.parametrize(
    ('period_ms', 'too_slow'),
    [(1.0, False), (5.0, False), (5.2, False), (5.3, True), (10.0, True)],
)
def test_the_rate_is_judged_by_the_median_period(period_ms: float, too_slow: bool) -> None:
    monitor = RateMonitor(0.005, 0.05)
    for k in range(60):
        monitor.push(round(k * period_ms * 1e6))
    assert monitor.too_slow == too_slow
    assert monitor.period == pytest.approx(period_ms * 1e-3)


def test_a_few_late_messages_do_not_make_the_rate_slow() -> None:
    monitor = RateMonitor(0.005, 0.05)
    stamp = 0
    for k in range(100):
        stamp += 50_000_000 if k % 10 == 0 else 5_000_000
        monitor.push(stamp)
    assert not monitor.too_slow


def test_nothing_is_judged_from_a_few_messages() -> None:
    monitor = RateMonitor(0.005, 0.05)
    for k in range(20):
        monitor.push(k * 10_000_000)
    assert monitor.period is None
    assert not monitor.too_slow


def test_duplicate_and_backward_stamps_are_no_periods() -> None:
    monitor = RateMonitor(0.005, 0.05)
    for k in range(100):
        monitor.push(k * 5_000_000)
        monitor.push(k * 5_000_000)
    monitor.push(0)
    assert monitor.period == pytest.approx(0.005)


def test_reset_forgets_the_rate() -> None:
    monitor = RateMonitor(0.005, 0.05)
    for k in range(100):
        monitor.push(k * 10_000_000)
    monitor.reset()
    assert monitor.period is None
    assert not monitor.too_slow
