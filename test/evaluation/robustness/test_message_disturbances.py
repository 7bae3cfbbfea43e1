# SPDX-License-Identifier: Apache-2.0
"""Noise on messages, lost and late messages."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import InverseSubject
from lstm_dynamics_ros.evaluation.robustness.base import Request, RobustnessCase
from lstm_dynamics_ros.evaluation.robustness.message_disturbances import (
    Dropped,
    Jitter,
    losses,
    Noise,
)
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

MakeCase = Callable[..., RobustnessCase]
NOISE = {
    'position': np.array([0.02, 0.01]),
    'velocity': np.array([0.3, 0.1]),
    'effort': np.array([1.0, 1.0]),
}


def test_a_linear_model_adds_the_noise_times_its_coefficients(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging], NOISE)
    (curve,) = Noise().measure(case, lambda _: None)
    added = (5 * NOISE['position']) ** 2 + (0.5 * NOISE['velocity']) ** 2
    for level in curve.levels:
        expected = np.sqrt(0.2**2 + level.size**2 * added)
        np.testing.assert_allclose(level.figures['effort'].rmse, expected, rtol=0.04)
    assert curve.levels[0].figures['effort'].ratio == 1.0


def test_a_derived_velocity_gets_the_noise_of_its_positions(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    derived = replace(linear_model, card=replace(linear_model.card, velocity_source='derived'))
    case = make_case(InverseSubject(derived, 5), [swinging], NOISE)
    (curve,) = Noise().measure(case, lambda _: None)
    level = curve.levels[1]
    # 5 q + 0.5 (q - q_before) / dt: coefficients 5 + 50 and -50.
    added = (55.0**2 + 50.0**2) * NOISE['position'] ** 2
    found = level.figures['effort']
    np.testing.assert_allclose(found.rmse, np.sqrt(found.undisturbed**2 + added), rtol=0.04)


def test_the_noise_is_named_in_words(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging], NOISE)
    assert 'velocity 0.3 0.1' in Noise().notes(case)[0]


@pytest.mark.parametrize('length', [1.0, 4.0])
def test_share_and_length_of_losses_are_as_asked(length: float) -> None:
    lost = losses(np.random.default_rng(0).random(400_000), 0.1, length)
    assert lost.mean() == pytest.approx(0.1, rel=0.03)
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    alone = 1 / 0.9  # independent losses follow each other by chance
    expected = alone if length == 1.0 else length
    assert lost.sum() / bursts == pytest.approx(expected, rel=0.03)


def test_a_constant_signal_is_not_changed_by_losses(
    make_recording: Callable[..., Recording], linear_model: LoadedModel, make_case: MakeCase
) -> None:
    still = make_recording(np.full((1500, 2), 0.3), effort=np.full((1500, 2), 1.0))
    case = make_case(InverseSubject(linear_model, 5), [still])
    for curve in Dropped().measure(case, lambda _: None):
        for level in curve.levels:
            np.testing.assert_allclose(level.figures['effort'].rmse, 0.5, atol=1e-6)


def test_a_lost_message_is_answered_with_the_last_one(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    single, burst = Dropped().measure(case, lambda _: None)
    at_20 = single.levels[-1]
    # Age n of the newest message: 0.8 * 0.2^n.
    assert at_20.age == pytest.approx(0.25, rel=0.1)
    # The clean error and, n steps late, the change of 5 q + 0.5 dq over n steps.
    predicted = 5 * swinging.position + 0.5 * swinging.velocity
    square = np.full(2, 0.2**2)
    for n in range(1, 5):
        square += 0.8 * 0.2**n * np.mean((predicted[n:] - predicted[:-n]) ** 2, axis=0)
    found = at_20.figures['effort'].rmse
    np.testing.assert_allclose(found, np.sqrt(square), rtol=0.05)
    assert single.levels[-1].restarts < burst.levels[-1].restarts
    assert burst.levels[-1].answered < burst.levels[2].answered < 1.0


@pytest.mark.parametrize('variant', list(Jitter.variants))
def test_messages_keep_their_order_and_come_within_the_size(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase, variant: str
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    sent = Jitter().disturb(Request(swinging, variant, 3.0, case, np.random.default_rng(0)))
    late = sent.arrival_ns - swinging.stamp_ns
    assert (np.diff(sent.arrival_ns) >= 0).all()
    assert late.min() >= 0
    assert 25_000_000 < late.max() <= 30_000_000
    stamps = swinging.stamp_ns if variant == 'jitter_arrival' else sent.arrival_ns
    np.testing.assert_array_equal(sent.recording.stamp_ns, stamps)


def test_true_stamps_within_half_a_step_change_nothing_and_false_ones_do(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    arrival, stamp = Jitter().measure(case, lambda _: None)
    assert arrival.levels[1].figures['effort'].ratio == 1.0
    assert stamp.levels[1].figures['effort'].ratio > 1.001


def test_a_delay_of_up_to_two_steps_is_late_by_what_the_queue_makes_of_it(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    arrival, _ = Jitter().measure(case, lambda _: None)
    level = next(level for level in arrival.levels if level.size == 2.0)
    # In order of sending: message i is there by the deadline of s if all before it are.
    delay = np.random.default_rng(3).uniform(0.0, 2.0, 200_000)
    there = np.maximum.accumulate(np.arange(200_000) + delay)
    newest = np.searchsorted(there, np.arange(1000, 190_000) + 0.5, side='right') - 1
    assert level.age == pytest.approx(np.mean(np.arange(1000, 190_000) - newest), rel=0.05)
