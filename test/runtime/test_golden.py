# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/golden.py."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.card import CardError
from lstm_dynamics_ros.runtime.golden import decode, encode, golden_difference
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

Load = Callable[..., LoadedModel]


def test_arrays_come_back_to_the_last_bit() -> None:
    array = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_array_equal(decode(encode(array), (3, 4), 'observations'), array)


@pytest.mark.parametrize('text', ['not base64!', 'AAAA', ''])
def test_unreadable_arrays_are_named(text: str) -> None:
    with pytest.raises(CardError, match=r'golden.predictions does not hold float32 of shape'):
        decode(text, (3, 4), 'predictions')


def test_a_sound_model_repeats_its_recorded_run(load: Load) -> None:
    loaded = load()
    difference, _ = golden_difference(loaded.card, loaded.session)
    assert difference == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_the_recorded_run_is_that_of_the_textbook_equations(
    load: Load, textbook: Callable[..., Any], cell: str
) -> None:
    card = load(cell=cell, layers=2).card
    golden, numbers = card.golden, textbook(cell=cell, layers=2)
    observations = decode(golden.observations, (golden.steps, 6), 'observations')
    predictions = decode(golden.predictions, (golden.steps, 6), 'predictions')
    state = numbers.zero(1)
    for obs, prediction in zip(observations, predictions, strict=True):
        expected, state = numbers.step(obs[None].astype(np.float64), state)
        np.testing.assert_allclose(prediction, expected[0], rtol=1e-5, atol=1e-6)
    final = decode(golden.final_state, (sum(part.size for part in state),), 'final_state')
    np.testing.assert_allclose(final, np.concatenate([p.ravel() for p in state]), atol=1e-6)


def test_the_difference_is_a_multiple_of_the_tolerance_of_that_output(load: Load) -> None:
    loaded = load()
    golden = loaded.card.golden
    predictions = decode(golden.predictions, (golden.steps, 6), 'predictions')
    width = float(np.ptp(predictions[:, 1].astype(np.float64)))
    changed = predictions.copy()
    changed[np.argsort(predictions[:, 1])[20], 1] += 3e-5 * width  # the range stays the same
    card = replace(loaded.card, golden=replace(golden, predictions=encode(changed)))
    difference, name = golden_difference(card, loaded.session)
    assert name == 'position.joint2'
    assert difference == pytest.approx(3.0, rel=0.2)


def test_another_final_state_is_noticed(load: Load) -> None:
    loaded = load()
    golden = loaded.card.golden
    state = decode(golden.final_state, (16,), 'final_state').copy()
    state[0] += 0.01
    card = replace(loaded.card, golden=replace(golden, final_state=encode(state)))
    difference, name = golden_difference(card, loaded.session)
    assert name == 'the hidden state'
    assert difference > 100


def test_a_recorded_nan_is_never_close_enough(load: Load) -> None:
    loaded = load()
    golden = loaded.card.golden
    predictions = decode(golden.predictions, (golden.steps, 6), 'predictions').copy()
    predictions[3, 2] = np.nan
    card = replace(loaded.card, golden=replace(golden, predictions=encode(predictions)))
    assert golden_difference(card, loaded.session) == (np.inf, 'velocity.joint1')


def test_an_empty_sequence_is_refused(load: Load) -> None:
    loaded = load()
    card = replace(loaded.card, golden=replace(loaded.card.golden, steps=0))
    with pytest.raises(CardError, match=r'golden.steps'):
        golden_difference(card, loaded.session)
