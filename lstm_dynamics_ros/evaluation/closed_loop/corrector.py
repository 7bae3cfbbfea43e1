# SPDX-License-Identifier: Apache-2.0
"""Controllers and pipelines that correct a lockstep run."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller, Prior
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, RawSample, Reference, Vector
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, SafetySettings
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import State
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions import Motion
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np

STEP_NS = round(STEP * NANOSECONDS)

OPEN_GATE = GateSettings(blend=1.0, max_effort_fraction=0.6, fade_in=0.0)
"""The gate of every method: all of the torque at once, with the usual slew limit.

The clamp is wider than usual: holding 3 kg takes 0.57 of what the sixth joint of the arm has, and
a clamp of 0.3 would make every controller, the oracle included, equally bad in every scenario.
"""

AT_ONCE = SafetySettings(
    arming=ArmingSettings(min_shadow_time=0.0, shadow='ignore', position_limits='ignore')
)
"""Arming as soon as the model is warm: every second of a run counts."""


class MotionReference:
    """A motion that starts at time zero, as a source of references."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._rest = np.zeros(motion.position.shape[1])

    def at(self, stamp_ns: int) -> Reference:
        """Return the reference at a time [ns]; its ends hold."""
        motion, row = self._motion, stamp_ns // STEP_NS
        if 0 <= row < len(motion):
            return Reference(
                stamp_ns, motion.position[row], motion.velocity[row], motion.acceleration[row]
            )
        end = motion.position[0 if row < 0 else -1]
        return Reference(stamp_ns, end, self._rest, self._rest)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """The correction made from one measurement."""

    torque: Vector
    """What the gate let out [N m] (n_joints,)."""
    frozen: bool = False
    """Whether what integrates stood still."""
    confidence: float = 1.0
    """Trust in the model, 0 to 1."""


def open_gate(case: Case) -> Gate:
    """Return a fresh gate for a case, with the limits of its robot."""
    robot = case.robot
    effort = tuple(float(limit) for limit in robot.effort_limit)
    limits = JointLimits(robot.lower, robot.upper, robot.velocity_limit, robot.effort_limit)
    return Gate(OPEN_GATE, effort, PERIOD, joint_names=robot.joint_names, limits=limits)


class Corrector(ABC):
    """One controller behind its gate, for one run."""

    @abstractmethod
    def correct(self, measured: JointState, applied: Vector) -> Correction:
        """Return the correction made from one measurement.

        Args:
            measured: State at a grid point.
            applied: Correction that acts at that time [N m] (n_joints,).
        """


def context_of(case: Case, prior: Prior | None = None) -> ControlContext:
    """Return what a controller is made for in a case, with the nominal model as prior."""
    return ControlContext(
        joint_names=case.robot.joint_names,
        period=PERIOD,
        latency=case.latency,
        effort_limits=tuple(float(limit) for limit in case.robot.effort_limit),
        prior=prior or NominalModel(case.robot),
    )


class ControllerCorrector(Corrector):
    """A controller without a model, behind the usual gate.

    Args:
        case: The run it is for.
        controller: What computes the torque.
    """

    def __init__(self, case: Case, controller: Controller) -> None:
        self._controller = controller
        self._gate = open_gate(case)
        self._reference = MotionReference(case.motion)
        self._latency_ns = nanoseconds(case.latency)

    def correct(self, measured: JointState, applied: Vector) -> Correction:
        """See the base class."""
        given = ControlInput(
            measured=measured,
            reference=self._reference.at(measured.stamp_ns),
            preview=self._reference.at(measured.stamp_ns + self._latency_ns),
            applied=applied,
        )
        torque = self._controller.torque(given)
        out = self._gate.pass_through(torque, armed=True, measured=measured)
        return Correction(torque=np.zeros_like(applied) if out is None else out)


class PipelineCorrector(Corrector):
    """A whole pipeline, armed as soon as arming is granted.

    Args:
        case: The run it is for.
        pipeline: A fresh pipeline with the latency of the case, and its gate as it shall be.
    """

    def __init__(self, case: Case, pipeline: Pipeline) -> None:
        pipeline.reference = MotionReference(case.motion)
        self._names = case.robot.joint_names
        self.pipeline = pipeline
        """The pipeline."""
        self._rest = np.zeros(len(self._names))
        self.refusal = ''
        """Why it could not be armed yet; empty if it was."""

    def correct(self, measured: JointState, applied: Vector) -> Correction:  # noqa: ARG002
        """See the base class."""
        pipeline = self.pipeline
        signals = (measured.position, measured.velocity, measured.effort)
        sample = RawSample(measured.stamp_ns, self._names, *(part.tolist() for part in signals))
        tick = pipeline.tick([sample])
        if pipeline.machine.state is State.MONITORING:
            self.refusal = _refusal(pipeline)
        torque = self._rest if tick is None or tick.correction is None else tick.correction
        return Correction(
            torque=torque,
            frozen=tick is not None and tick.frozen,
            confidence=0.0 if tick is None else tick.confidence,
        )


def _refusal(pipeline: Pipeline) -> str:
    """Arm a pipeline, or return why not."""
    try:
        pipeline.arm()
    except LstmDynamicsError as error:
        return str(error)
    return ''
