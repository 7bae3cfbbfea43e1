# SPDX-License-Identifier: Apache-2.0
"""A feed-forward that knows payload and friction: the best a model could do without feedback."""

from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    Correction,
    Corrector,
    open_gate,
)
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.sim.friction import friction_along
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np


def oracle_torque(case: Case) -> Matrix:
    """Return what the reference takes beyond the nominal model [N m] (n_steps, n_joints).

    The true payload at each time and friction along the reference; no ripple, no noise.
    """
    motion = case.motion
    nominal = NominalModel(case.robot).torques(
        motion.position, motion.velocity, motion.acceleration
    )
    loaded = np.empty_like(nominal)
    change = len(motion) // 2 if case.later is not None else len(motion)
    for rows, payload in (
        (slice(0, change), case.hidden.payload),
        (slice(change, None), case.physics_at(len(motion)).payload),
    ):
        loaded[rows] = NominalModel(case.robot, payload=payload).torques(
            motion.position[rows], motion.velocity[rows], motion.acceleration[rows]
        )
    return loaded - nominal + friction_along(case.robot, case.hidden, motion.velocity)


class OracleCorrector(Corrector):
    """The oracle through the gate, ahead by the latency."""

    def __init__(self, case: Case) -> None:
        self._torque = oracle_torque(case)
        self._ahead = round((case.latency + 0.5 * PERIOD) / STEP)  # held for one period
        self._gate = open_gate(case)

    def correct(self, measured: JointState, applied: Vector) -> Correction:
        """See the base class."""
        row = measured.stamp_ns // nanoseconds(STEP) + self._ahead
        torque = self._torque[min(row, len(self._torque) - 1)]
        out = self._gate.pass_through(torque, armed=True, measured=measured)
        return Correction(torque=np.zeros_like(applied) if out is None else out)
