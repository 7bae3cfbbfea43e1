# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/gate.py."""

from lstm_dynamics_ros.safety.gate import SafeCommand
from lstm_dynamics_ros.safety.gate_settings import SAFE_COMMANDS
from lstm_dynamics_ros.signals.minimum_jerk import smoothstep
import numpy as np
import pytest


def commands(kind: str, fade_out: float = 0.02, period: float = 0.005) -> list[list[float]]:
    safe = SafeCommand(kind, np.array([8.0, -4.0]), fade_out, period)
    out = []
    while not safe.complete:
        out.append(safe.step().tolist())
    return out


def test_a_ramp_is_smooth_and_ends_at_zero() -> None:
    np.testing.assert_allclose(
        commands('ramp'), [[6.75, -3.375], [4.0, -2.0], [1.25, -0.625], [0.0, 0.0]]
    )


def test_a_ramp_shorter_than_a_period_is_zero_at_once() -> None:
    assert commands('ramp', fade_out=0.0) == [[0.0, 0.0]]


def test_zero_is_one_command() -> None:
    assert commands('zero') == [[0.0, 0.0]]


@pytest.mark.parametrize(('period', 'held'), [(0.001, 20), (0.005, 4), (0.008, 2), (0.05, 0)])
def test_hold_lasts_at_most_20_ms(period: float, held: int) -> None:
    assert commands('hold', period=period) == [[8.0, -4.0]] * held + [[0.0, 0.0]]


@pytest.mark.parametrize('kind', SAFE_COMMANDS)
def test_every_way_ends_at_zero_and_stays_there(kind: str) -> None:
    safe = SafeCommand(kind, np.array([8.0, -4.0]), 0.02, 0.005)
    outs = [safe.step().tolist() for _ in range(30)]
    assert outs[-1] == [0.0, 0.0]
    assert safe.complete


def test_the_smooth_step_is_the_cubic_between_0_and_1() -> None:
    assert [smoothstep(x) for x in (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0)] == [0, 0, 0.15625, 0.5, 1, 1]
