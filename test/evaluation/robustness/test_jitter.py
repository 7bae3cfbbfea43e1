# SPDX-License-Identifier: Apache-2.0
"""Messages that come late."""

from collections.abc import Callable

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import InverseSubject
from lstm_dynamics_ros.evaluation.robustness.base import Case
from lstm_dynamics_ros.evaluation.robustness.jitter import Jitter
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

MakeCase = Callable[..., Case]


@pytest.mark.parametrize('variant', list(Jitter.variants))
def test_messages_keep_their_order_and_come_within_the_size(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase, variant: str
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    sent = Jitter().disturb(swinging, variant, 3.0, case, np.random.default_rng(0))
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
