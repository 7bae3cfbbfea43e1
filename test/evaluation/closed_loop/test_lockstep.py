# SPDX-License-Identifier: Apache-2.0
"""Tests of one run in lockstep."""

from dataclasses import replace

from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import Correction, Corrector
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.sim.simulate import simulate
import numpy as np
import pytest


class Counting(Corrector):
    """Says how often it was asked, and keeps what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[JointState, Vector]] = []

    def correct(self, measured: JointState, applied: Vector) -> Correction:
        self.seen.append((measured, applied.copy()))
        return Correction(
            torque=np.full_like(applied, 1e-3 * len(self.seen)),
            frozen=len(self.seen) % 2 == 0,
            confidence=0.5,
        )


@pytest.mark.parametrize('cycles', [1, 2, 4])
def test_a_correction_acts_its_cycles_after_its_measurement(case: Case, cycles: int) -> None:
    corrector = Counting()

    done = run_case(replace(case, delay_cycles=cycles), corrector)

    applied = done.run.correction[:, 0]
    np.testing.assert_array_equal(applied[: 5 * cycles], 0.0)
    for tick in (0, 1, 7, 300):  # made from the sample at 5 ms * tick
        start = 5 * (tick + cycles)
        np.testing.assert_allclose(applied[start : start + 5], 1e-3 * (tick + 1))
    for tick in (0, cycles, 300):
        np.testing.assert_allclose(corrector.seen[tick][1][0], applied[5 * tick])


def test_measurements_are_the_samples_at_multiples_of_5_ms(case: Case) -> None:
    corrector = Counting()

    done = run_case(case, corrector)

    stamps = [measured.stamp_ns for measured, _ in corrector.seen]
    assert stamps == list(range(0, 6_000_000_000, 5_000_000))
    np.testing.assert_array_equal(
        [measured.effort for measured, _ in corrector.seen], done.run.effort[::5]
    )


def test_without_a_corrector_it_is_the_plain_simulation(case: Case) -> None:
    done = run_case(case)

    plain = simulate(case.robot, case.motion, hidden=case.hidden, seed=case.seed)
    np.testing.assert_array_equal(done.run.true_position, plain.true_position)


def test_the_same_case_gives_the_same_numbers(case: Case) -> None:
    first, again = run_case(case, Counting()), run_case(case, Counting())

    np.testing.assert_array_equal(first.run.true_position, again.run.true_position)


def test_what_the_corrector_says_is_kept(case: Case) -> None:
    done = run_case(case, Counting())

    assert done.frozen.tolist()[:4] == [False, True, False, True]
    np.testing.assert_array_equal(done.confidence, 0.5)
    assert done.correction.shape == (1200, 2)


def test_a_payload_that_appears_at_half_time_pulls_the_robot_down(case: Case) -> None:
    heavy = replace(case.hidden, payload=3.0)

    plain, changed = run_case(case), run_case(replace(case, later=heavy))

    np.testing.assert_array_equal(changed.run.true_position[:3001], plain.run.true_position[:3001])
    assert np.abs(changed.run.true_position - plain.run.true_position)[3200].max() > 0.01
