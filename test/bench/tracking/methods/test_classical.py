# SPDX-License-Identifier: Apache-2.0
"""Tests of the oracle and of the classical methods."""

from dataclasses import replace

from lstm_dynamics_bench.tracking.methods.classical import oracle_torque, OracleCorrector
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case, score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np


def test_without_friction_it_is_the_torque_of_the_payload(case: Case) -> None:
    smooth = replace(case, hidden=replace(case.hidden, friction_scale=0.0))
    motion, k = case.motion, 1500
    state = motion.position[k], motion.velocity[k], motion.acceleration[k]
    empty = NominalModel(case.robot).torque(*state).copy()
    loaded = NominalModel(case.robot, payload=case.hidden.payload).torque(*state)

    np.testing.assert_allclose(oracle_torque(smooth)[k], loaded - empty)


def test_it_knows_when_the_payload_changes(case: Case) -> None:
    later = replace(case, later=replace(case.hidden, payload=3.0))

    plain, changed = oracle_torque(case), oracle_torque(later)

    np.testing.assert_array_equal(changed[:3000], plain[:3000])
    assert np.abs(changed - plain)[3000:].max() > 1.0


def test_it_takes_most_of_the_error_away(case: Case) -> None:
    alone, corrected = run_case(case), run_case(case, OracleCorrector(case))

    assert score(corrected).rms_mrad < 0.15 * score(alone).rms_mrad
