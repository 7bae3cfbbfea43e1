# SPDX-License-Identifier: Apache-2.0
"""Tests of the observer with online adaptation."""

from lstm_dynamics_bench.tracking.methods.base import GivenModels, METHODS
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case, score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import make_case, SCENARIOS
from lstm_dynamics_ros.sim.robot import load_robot
import pytest

pytest.importorskip('pinocchio', reason='the effort per kilogram of payload comes from a URDF')


def test_after_a_payload_came_it_follows_better_than_the_observer_alone() -> None:
    case = make_case(load_robot('arm'), SCENARIOS['payload_change'], 0, duration=8.0)
    errors = []
    for name, settings in (
        ('disturbance_observer', {'bandwidth': 10.0}),
        ('adaptive_observer', {'bandwidth': 10.0, 'memory': 2.0}),
    ):
        entry = METHODS[name]().prepare(case, settings, GivenModels())
        errors.append(score(run_case(case, entry.corrector)).rms_mrad)
    assert errors[1] < 0.8 * errors[0]
