# SPDX-License-Identifier: Apache-2.0
"""A small bench that tests of the benchmark share."""

from importlib.util import find_spec

import pytest

# Without the physics engine there is nothing to track.
collect_ignore_glob = [] if find_spec('mujoco') else ['test_*.py']

if find_spec('mujoco'):
    from lstm_dynamics_bench.tracking.methods.base import GivenModels
    from lstm_dynamics_bench.tracking.trial import Bench
    from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, make_case, SCENARIOS
    from lstm_dynamics_ros.sim.robot import load_robot

    @pytest.fixture(scope='session')
    def bench() -> Bench:
        """Two joints and short runs."""
        return Bench(robot=load_robot('pendulum'), given=GivenModels(), duration=6.0)

    @pytest.fixture
    def case() -> Case:
        """A short run of two joints."""
        return make_case(load_robot('pendulum'), SCENARIOS['clean'], 0, duration=6.0)
