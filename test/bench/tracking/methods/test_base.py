# SPDX-License-Identifier: Apache-2.0
"""What every method must keep to; a new one is picked up by itself."""

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_bench.tracking.methods.base import GivenModels, METHODS
from lstm_dynamics_bench.tracking.methods.classical import observed
from lstm_dynamics_ros.evaluation.closed_loop.corrector import context_of
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case, score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, make_case, SCENARIOS
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np
import pytest

GIVEN = GivenModels(
    identified=IdentifiedModel(
        load=np.array([0.5, 0.0, 0.0, -0.19]),
        coulomb=np.array([1.5, 0.6]),
        viscous=np.array([0.8, 0.3]),
        residual=0.0,
    )
)
EVERYBODY = [name for name in METHODS if not METHODS[name]().absent(GIVEN)]


@pytest.mark.parametrize('name', EVERYBODY)
def test_its_quick_grid_is_part_of_its_grid(name: str) -> None:
    kind = METHODS[name]
    assert kind.title
    assert len(kind.grid) >= 1
    assert all(settings in kind.grid for settings in kind.quick_grid or ())


@pytest.mark.parametrize('name', EVERYBODY)
def test_it_finishes_a_run_within_all_limits_and_the_same_way_twice(name: str, case: Case) -> None:
    found = []
    for _ in range(2):
        method = METHODS[name]()
        entry = method.prepare(case, method.grid[0], GIVEN)
        found.append(score(run_case(case, entry.corrector, law=entry.law)))

    assert found[0] == found[1]
    assert not any(found[0].violations.values())


def test_without_an_identification_the_identified_model_is_absent() -> None:
    assert METHODS['identified_model']().absent(GivenModels())


def test_the_observer_slows_down_to_keep_its_phase_margin() -> None:
    robot = load_robot('pendulum')
    delayed = make_case(robot, SCENARIOS['delayed'], 0, duration=6.0)
    delay = context_of(delayed).latency + 0.005 + delayed.velocity_delay

    fast = run_case(delayed, observed(delayed, {'bandwidth': 500.0}))
    limit = run_case(delayed, observed(delayed, {'bandwidth': 0.52 / delay}))

    np.testing.assert_array_equal(fast.correction, limit.correction)
