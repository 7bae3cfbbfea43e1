# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/onnx_step.py."""

from collections.abc import Callable
import tracemalloc
from typing import Any

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
import pytest

Load = Callable[..., LoadedModel]


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
@pytest.mark.parametrize('batch', [1, 3])
@pytest.mark.parametrize('layers', [1, 2])
def test_500_steps_are_those_of_the_textbook_equations(
    load: Load, textbook: Callable[..., Any], cell: str, batch: int, layers: int
) -> None:
    step = OnnxStep(load(cell=cell, layers=layers), batch)
    numbers = textbook(cell=cell, layers=layers)
    state = numbers.zero(batch)
    rng = np.random.default_rng(0)
    for _ in range(500):
        step.obs[:] = rng.normal(size=step.obs.shape)
        prediction = step.step()
        expected, state = numbers.step(step.obs.astype(np.float64), state)
        np.testing.assert_allclose(prediction, expected, rtol=1e-5, atol=2e-6)
    for mine, theirs in zip(step.buffers, state, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_steps_are_those_of_a_plain_run_to_the_last_bit(load: Load) -> None:
    loaded = load()
    step = OnnxStep(loaded)
    state = {'h_in': np.zeros((1, 1, 8), np.float32), 'c_in': np.zeros((1, 1, 8), np.float32)}
    for row in np.random.default_rng(1).normal(size=(50, 1, 6)).astype(np.float32):
        step.obs[:] = row
        expected, state['h_in'], state['c_in'] = loaded.session.run(
            ['prediction', 'h_out', 'c_out'], {'obs': row, **state}
        )
        np.testing.assert_array_equal(step.step(), expected)


def test_a_prediction_stays_until_the_next_step_but_one(load: Load) -> None:
    step = OnnxStep(load())
    first = step.step()
    kept = first.copy()
    step.obs[:] = 1.0
    second = step.step()
    np.testing.assert_array_equal(first, kept)
    assert not np.array_equal(first, second)
    assert step.prediction is second


def test_stepping_allocates_nothing_that_stays(load: Load) -> None:
    step = OnnxStep(load())
    for _ in range(10):
        step.step()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(1000):
            step.step()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1000
    assert peak - before < 5000


def test_the_state_can_be_taken_out_and_put_back(load: Load) -> None:
    step = OnnxStep(load(), 2)
    step.obs[:] = np.random.default_rng(2).normal(size=(2, 6))
    step.step()
    state = step.state
    expected = step.step().copy()
    step.step()
    step.state = state
    np.testing.assert_array_equal(step.step(), expected)


def test_a_state_of_one_row_is_copied_to_all(load: Load) -> None:
    loaded = load()
    one, many = OnnxStep(loaded), OnnxStep(loaded, 4)
    one.obs[:] = many.obs[:] = 0.5
    one.step()
    many.state = one.state
    np.testing.assert_allclose(many.step(), np.repeat(one.step(), 4, axis=0), rtol=1e-6)


def test_a_state_of_another_shape_is_refused(load: Load) -> None:
    step = OnnxStep(load(), 2)
    with pytest.raises(ShapeError, match=r'\(1, 2, 8\)'):
        step.state = tuple(np.zeros((1, 3, 8), np.float32) for _ in range(2))
    with pytest.raises(ShapeError, match=r'\(2,\)'):
        step.state = (np.zeros((1, 2, 8), np.float32),)


def test_reset_clears_only_the_rows_asked_for(load: Load) -> None:
    step = OnnxStep(load(), 3)
    step.obs[:] = 1.0
    step.step()
    step.reset(np.array([False, True, False]))
    for part in step.buffers:
        assert not part[:, 1].any()
        assert part[:, [0, 2]].any()
    step.reset()
    assert not any(part.any() for part in step.buffers)


def test_undo_gives_rows_back_their_state(load: Load) -> None:
    step = OnnxStep(load(), 2)
    step.obs[:] = 1.0
    step.step()
    before = step.state
    step.step()
    after = step.state
    step.undo(np.array([True, False]))
    for part, old, new in zip(step.buffers, before, after, strict=True):
        np.testing.assert_array_equal(part[:, 0], old[:, 0])
        np.testing.assert_array_equal(part[:, 1], new[:, 1])


def test_rows_do_not_disturb_each_other(load: Load) -> None:
    loaded = load()
    alone, together = OnnxStep(loaded), OnnxStep(loaded, 3)
    rng = np.random.default_rng(3)
    for _ in range(20):
        together.obs[:] = rng.normal(size=(3, 6)) * 100
        alone.obs[:] = together.obs[1]
        np.testing.assert_allclose(together.step()[1], alone.step()[0], rtol=1e-5, atol=1e-5)
