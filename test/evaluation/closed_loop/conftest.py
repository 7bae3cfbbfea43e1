# SPDX-License-Identifier: Apache-2.0
"""A short run of a small robot."""

from importlib.util import find_spec

import pytest

# Without the physics engine there is nothing to correct.
collect_ignore_glob = [] if find_spec('mujoco') else ['test_*.py']

if find_spec('mujoco'):
    from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, make_case, SCENARIOS
    from lstm_dynamics_ros.sim.robot import load_robot

    @pytest.fixture
    def case() -> Case:
        """A short run of two joints."""
        return make_case(load_robot('pendulum'), SCENARIOS['clean'], 0, duration=6.0)
