# SPDX-License-Identifier: Apache-2.0
"""What a controller that replaces the robot's own asks for beyond it."""

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import TrackingRun
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.inner_law import FeedForward, InnerLaw
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.simulate import CORRECTION_STEPS
import numpy as np


def excess_torque(done: TrackingRun, law: InnerLaw) -> Matrix:
    """Return the correction that would make the robot's own controller do the same.

    So that roughness means the same for those who add torque and those who replace it.

    Args:
        done: A run under that law.
        law: What replaced the robot's own controller.

    Returns:
        Torque at each tick [N m] (n_ticks, n_joints).
    """
    run, robot = done.run, done.case.robot
    model, usual = NominalModel(robot), FeedForward()
    excess = np.empty((len(run) // CORRECTION_STEPS, len(robot.links)))
    for tick, row in enumerate(excess):
        k = tick * CORRECTION_STEPS
        reference = JointPath(
            run.reference_position[k], run.reference_velocity[k], run.reference_acceleration[k]
        )
        q, dq = run.position[k], run.velocity[k]
        pd: Vector = robot.stiffness * (reference.position - q) + robot.damping * (
            reference.velocity - dq
        )
        torque = law.torque(model, q, dq, reference).copy()
        torque -= usual.torque(model, q, dq, reference)
        row[:] = torque if law.has_pd else torque - pd
    return excess
