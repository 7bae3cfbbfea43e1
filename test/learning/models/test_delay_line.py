# SPDX-License-Identifier: Apache-2.0
"""Tests of the delay line."""

import math

from lstm_dynamics_ros.learning.models.delay_line import DelayLine, wrapped
import numpy as np
import pytest
import torch


def line(history: int, wraps: tuple[float, ...] = (0.0, 0.0, 0.0)) -> DelayLine:
    made = DelayLine(3, 2, history, torch.tensor(wraps))
    torch.nn.init.normal_(made.weight)
    made.scale.copy_(torch.tensor([2.0, 0.5, 3.0]))
    made.lag_scale.uniform_(0.5, 2.0)
    return made


@pytest.mark.parametrize('history', [2, 3, 8])
@torch.no_grad()
def test_steps_one_by_one_equal_the_sequence(history: int) -> None:
    made = line(history)
    x = torch.randn(30, 4, 3)
    padded = made.padded(x, made.zero_state(4))
    linear, spans = made.sequence(padded)
    state = made.zero_state(4)
    for i, row in enumerate(x):
        one, span, state = made.step(row, state)
        torch.testing.assert_close(one, linear[i], rtol=0, atol=1e-4)
        torch.testing.assert_close(span, spans[i], rtol=0, atol=1e-5)
    end = made.state_after(padded, 29, made.zero_state(4))
    torch.testing.assert_close(state.rows, end.rows, rtol=0, atol=0)
    torch.testing.assert_close(state.started, end.started, rtol=0, atol=0)


@torch.no_grad()
def test_the_filter_is_the_sum_written_out_in_numpy() -> None:
    history = 5
    made = line(history)
    x = torch.randn(20, 1, 3)
    linear, spans = made.sequence(made.padded(x, made.zero_state(1)))
    rows, weight = x[:, 0].double().numpy(), made.weight.double().numpy()
    rows = np.vstack([np.repeat(rows[:1], history - 1, axis=0), rows])
    scale, lag_scale = made.scale.double().numpy(), made.lag_scale.double().numpy()
    for t in range(20):
        window = rows[t : t + history]
        steps = np.diff(window, axis=0) * scale
        expected = np.einsum('dpf,pf->d', weight, steps)
        np.testing.assert_allclose(linear[t, 0].numpy(), expected, rtol=0, atol=1e-4)
        long = [(window[-1] - window[-1 - lag]) * lag_scale[i] for i, lag in enumerate(made.lags)]
        np.testing.assert_allclose(spans[t, 0].numpy(), np.concatenate(long), rtol=0, atol=1e-5)


def test_after_a_reset_the_first_observation_stands_for_the_past() -> None:
    made = line(6)
    linear, spans, _ = made.step(torch.tensor([[5.0, -3.0, 8.0]]), made.zero_state(1))
    assert not linear.any()
    assert not spans.any()


def test_a_joint_that_wraps_moves_the_short_way() -> None:
    difference = torch.tensor([[2 * math.pi - 0.1, 2 * math.pi - 0.1]])
    got = wrapped(difference, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(got, torch.tensor([[-0.1, 2 * math.pi - 0.1]]))


def test_a_turn_of_a_wrapping_joint_is_seen_as_a_small_step() -> None:
    made = line(3, (1.0, 0.0, 0.0))
    made.scale.fill_(1.0)
    made.lag_scale.fill_(1.0)
    _, _, state = made.step(torch.tensor([[math.pi - 0.01, 0.0, 0.0]]), made.zero_state(1))
    _, spans, _ = made.step(torch.tensor([[-math.pi + 0.01, 0.0, 0.0]]), state)
    torch.testing.assert_close(spans[0, 0], torch.tensor(0.02), rtol=0, atol=1e-6)


def test_differences_of_large_positions_are_exact() -> None:
    made = line(3)
    made.lag_scale.fill_(1.0)
    first = torch.tensor([[10.0, 0.0, 0.0]])
    second = torch.tensor([[10.00001, 0.0, 0.0]])
    _, _, state = made.step(first, made.zero_state(1))
    _, spans, _ = made.step(second, state)
    assert float(spans[0, 0]) == float(second[0, 0]) - float(first[0, 0])
