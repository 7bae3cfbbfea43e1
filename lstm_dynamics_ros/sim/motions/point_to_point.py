# SPDX-License-Identifier: Apache-2.0
"""Moves between random postures with rests in between, as robots at work do."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.joint_path import JointPath, path_at_rest
from lstm_dynamics_ros.signals.minimum_jerk import PEAK_RATE
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions.base import MOTIONS, MotionShape
import numpy as np

SHORTEST_MOVE = 0.4
"""Shortest move [s], so that short ways are not jerky."""

DWELL = (0.05, 1.0)
"""Range of the rests between moves [s]."""

HALVINGS = 6
"""How often a goal is brought nearer to home when there is no time to get there and back."""


@MOTIONS.register('point_to_point')
class PointToPoint(MotionShape):
    """Minimum-jerk moves; all joints start and stop together."""

    def path(
        self, amplitude: Vector, peak: Vector, n_steps: int, speed: float, rng: np.random.Generator
    ) -> JointPath:
        """See the base class."""
        n_joints = len(amplitude)
        path = path_at_rest(n_steps, n_joints)
        here, fastest, start, last = np.zeros(n_joints), peak * speed, 0, n_steps - 1
        while start < last:
            allowed = fastest * rng.uniform(0.5, 1.0)
            goal = amplitude * rng.uniform(-1.0, 1.0, n_joints)
            dwell = round(rng.uniform(*DWELL) / STEP)
            for _ in range(HALVINGS):
                steps = _move_steps(goal - here, allowed)
                if start + steps + dwell + _move_steps(goal, fastest) <= last:
                    break
                goal *= 0.5
            else:  # no time left to come home from anywhere: go home and stay
                goal = np.zeros(n_joints)
                steps = _move_steps(here, fastest)
                dwell = last - start - steps
            path.write_move(start, steps, STEP, here, goal)
            start += steps
            path.position[start : start + dwell + 1] = goal
            here = goal
            start += dwell
        return path


def _move_steps(way: Vector, allowed: Vector) -> int:
    """Return how many steps a move takes so that no joint is faster than allowed."""
    seconds = max(SHORTEST_MOVE, float((PEAK_RATE * np.abs(way) / allowed).max()))
    return int(np.ceil(seconds / STEP))
