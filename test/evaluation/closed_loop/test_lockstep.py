# SPDX-License-Identifier: Apache-2.0
"""Tests of one run in lockstep."""

from dataclasses import replace

from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import Correction, Corrector
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import (
    rough,
    run_case,
    score,
    TrackingRun,
    violations,
)
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


TIME = np.arange(6000) * 1e-3
TICKS = TIME[::5]


@pytest.fixture
def perfect(case: Case) -> TrackingRun:
    """A run that follows its reference exactly."""
    done = run_case(case)
    run = replace(
        done.run,
        true_position=done.run.reference_position.copy(),
        true_velocity=done.run.reference_velocity.copy(),
    )
    return replace(done, run=run)


def shifted(done: TrackingRun, shift: np.ndarray) -> TrackingRun:
    run = replace(done.run, true_position=done.run.reference_position - shift)
    return replace(done, run=run)


def test_the_error_is_pooled_over_joints_after_settling(perfect: TrackingRun) -> None:
    shift = np.tile([3e-3, 4e-3], (6000, 1))
    shift[:4000] = 1.0  # before settling: not scored
    shift[4500] = [0.0, -9e-3]

    found = score(shifted(perfect, shift))

    np.testing.assert_allclose(found.rms_mrad, np.sqrt(12.5), rtol=1e-2)
    np.testing.assert_allclose(found.max_mrad, 9.0)
    np.testing.assert_allclose(found.joint_rms_mrad, [3.0, 4.0], rtol=1e-2)


def test_the_time_in_which_a_model_was_trusted_is_counted(perfect: TrackingRun) -> None:
    confidence = np.where(TICKS < 4.5, 1.0, 0.49)  # scored from 4 s to 6 s

    found = score(replace(perfect, confidence=confidence))

    np.testing.assert_allclose(found.trusted, 0.25)
    assert found.low_confidence == 0.49


def test_roughness_counts_what_is_above_5_hz_only() -> None:
    time = np.arange(4000) * 0.005
    slow, fast = np.sin(2 * np.pi * 0.8 * time), np.sin(2 * np.pi * 15.0 * time)

    level = rough(np.stack([5.0 * slow, 5.0 * slow + 0.2 * fast], axis=1))

    assert level[0] < 0.01
    np.testing.assert_allclose(level[1], 0.2 / np.sqrt(2.0), rtol=0.02)


def test_oscillation_is_what_of_the_error_is_faster_than_the_motion(perfect: TrackingRun) -> None:
    wave = 2e-3 * np.sin(2 * np.pi * 6.0 * TIME)

    quiet = score(shifted(perfect, np.full((6000, 2), 0.01)))
    shaking = score(shifted(perfect, np.stack([wave, wave], axis=1)))

    assert quiet.oscillation_mrad < 1e-6
    np.testing.assert_allclose(shaking.oscillation_mrad, 2.0 / np.sqrt(2.0), rtol=0.05)


def test_a_perfect_run_violates_nothing(perfect: TrackingRun) -> None:
    assert set(violations(perfect).values()) == {0}


def test_every_kind_of_violation_is_counted(perfect: TrackingRun) -> None:
    position = perfect.run.true_position.copy()
    position[10:13, 0] = 9.0
    position[20, 1] = np.nan
    velocity = perfect.run.true_velocity.copy()
    velocity[5:9, 1] = 99.0
    torque = perfect.correction.copy()
    torque[100] = [37.0, 0.0]  # over the clamp of 36, and two steps over the slew of 5
    run = replace(perfect.run, true_position=position, true_velocity=velocity)

    found = violations(replace(perfect, run=run, correction=torque))

    assert found == {'clamp': 1, 'slew': 2, 'position': 3, 'speed': 4, 'not_finite': 1}


def test_a_run_that_blew_up_has_an_infinite_error(perfect: TrackingRun) -> None:
    shift = np.zeros((6000, 2))
    shift[3000:] = np.nan

    assert score(shifted(perfect, shift)).rms_mrad == np.inf


@pytest.mark.parametrize(('tick', 'expected'), [(520, 0.098), (None, np.inf), (480, 0.098)])
def test_freezing_is_timed_from_15_newton(
    perfect: TrackingRun, tick: int | None, expected: float
) -> None:
    force = np.zeros(6000)
    force[2400:3000] = 14.0
    force[2502:3000] = 16.0
    frozen = np.zeros(800, dtype=np.bool_)
    if tick is not None:
        frozen[tick] = True
        frozen[520] = True

    done = replace(perfect, run=replace(perfect.run, wall_force=force), frozen=frozen)

    assert score(done).frozen_after == pytest.approx(expected)
    assert score(done).peak_force_n == 16.0


def test_without_contact_there_is_nothing_to_freeze_for(perfect: TrackingRun) -> None:
    assert score(perfect).frozen_after is None
