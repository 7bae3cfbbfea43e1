# SPDX-License-Identifier: Apache-2.0
"""Runs of an embedded robot with the correction of a model on, in lockstep."""

from pathlib import Path
from typing import TYPE_CHECKING

from lstm_dynamics_ros.control.feedforward import FeedforwardDobConfig
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import RawSample, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import AT_ONCE, MotionReference
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.safety.gate import Gate, GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import State
from lstm_dynamics_ros.sim.simulate import simulate

if TYPE_CHECKING:
    from lstm_dynamics_ros.sim.collection import PlannedRun
    from lstm_dynamics_ros.sim.robot import RobotDescription
    from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun

FULL = GateSettings(blend=1.0, max_effort_fraction=0.6, fade_in=0.0)
"""All of the correction; 0.6 of the limit, because holding the largest payload takes 0.57."""


def corrected_run(robot: 'RobotDescription', planned: 'PlannedRun', model: Path) -> 'SimulatedRun':
    """Make a planned run with the default controller armed as soon as that is possible.

    Args:
        robot: Which robot.
        planned: What it does.
        model: Model file for control.
    """
    loaded = load_model(model)
    card = loaded.card
    prior = None
    if card.physics_prior is not None:
        prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    limits = card.effort_limits or (None,) * card.n_joints
    motion = planned.motion(robot)
    pipeline = Pipeline(
        loaded,
        PipelineSettings(horizon_steps=0),
        controller=FeedforwardDobConfig(),
        gate=Gate(
            FULL, limits, card.dt, joint_names=card.joint_names,
            limits=JointLimits(
                robot.lower, robot.upper, robot.velocity_limit, robot.effort_limit
            ),
        ),
        prior=prior,
        safety=AT_ONCE,
    )  # fmt: skip
    pipeline.reference = MotionReference(motion)

    def correct(block: 'SimulatedRun') -> Vector | None:
        sample = RawSample(
            int(block.stamp_ns[0]), robot.joint_names, block.position[0].tolist(),
            block.velocity[0].tolist(), block.effort[0].tolist(),
        )  # fmt: skip
        tick = pipeline.tick([sample])
        if pipeline.machine.state is State.MONITORING:
            try:
                pipeline.arm()
            except LstmDynamicsError:  # not yet: the rate is unknown, the model is not warm
                return None
        return None if tick is None else tick.correction

    return simulate(
        robot,
        motion,
        hidden=planned.hidden(robot),
        later=planned.later(robot),
        seed=planned.seed,
        corrector=correct,
    )
