# SPDX-License-Identifier: Apache-2.0
"""Tests of the scenarios."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import make_case, SCENARIOS
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np
import pytest

ARM = load_robot('arm')


def test_the_first_eight_make_the_summary() -> None:
    counted = [scenario.summarised for scenario in SCENARIOS.values()]

    assert counted == [True] * 8 + [False] * 2


@pytest.mark.parametrize('name', SCENARIOS)
def test_the_same_seed_gives_the_same_run_and_another_one_does_not(name: str) -> None:
    first, again, other = (make_case(ARM, SCENARIOS[name], seed) for seed in (3, 3, 4))

    np.testing.assert_array_equal(first.motion.position, again.motion.position)
    assert first.hidden == again.hidden
    assert not np.array_equal(first.motion.position, other.motion.position)


def test_payloads_are_random_within_what_the_robot_may_carry() -> None:
    payloads = [make_case(ARM, SCENARIOS['clean'], seed).hidden.payload for seed in range(30)]

    assert 0.0 < min(payloads) < 0.5
    assert 2.5 < max(payloads) < 3.0


def test_the_latency_counts_cycles_and_the_drive() -> None:
    clean, delayed = (make_case(ARM, SCENARIOS[name], 0) for name in ('clean', 'delayed'))

    np.testing.assert_allclose([clean.latency, delayed.latency], [0.010, 0.025])
    np.testing.assert_allclose(clean.velocity_delay, 1.0 / (2.0 * np.pi * 80.0))


def test_the_payload_changes_at_half_time() -> None:
    case = make_case(ARM, SCENARIOS['payload_change'], 0)

    assert case.physics_at(4999).payload == 0.0
    np.testing.assert_allclose(case.physics_at(5000).payload, 2.5)


def test_a_payload_of_ones_own_replaces_the_random_one() -> None:
    assert make_case(ARM, SCENARIOS['clean'], 0, payload=0.7).hidden.payload == 0.7
    with pytest.raises(ConfigError, match='>= 0 kg'):
        make_case(ARM, SCENARIOS['clean'], 0, payload=-1.0)


def test_fast_is_three_quarters_of_the_speed_limits() -> None:
    motion = make_case(ARM, SCENARIOS['fast'], 0).motion

    share = np.abs(motion.velocity).max(axis=0) / ARM.velocity_limit
    assert np.sum(np.abs(share - 0.75) < 1e-9) >= 4
    assert share.max() < 0.75 + 1e-9


@pytest.mark.parametrize('seed', range(3))
def test_the_reference_runs_20_mm_into_the_wall_for_about_a_second(seed: int) -> None:
    case = make_case(ARM, SCENARIOS['contact'], seed)
    assert case.wall is not None

    depth = case.wall.depth(NominalModel(ARM).tool_path(case.motion.position))

    np.testing.assert_allclose(depth.max(), 0.02)
    inside = np.flatnonzero(depth > 0.0)
    assert 0.7 < len(inside) * 1e-3 < 1.3
    assert inside[0] * 1e-3 >= 2.5
    assert inside[-1] * 1e-3 <= 8.0
