# SPDX-License-Identifier: Apache-2.0
"""One whole tick, without ROS: raw joint states in, predictions and a correction out.

The node and the offline replay both call :meth:`Pipeline.tick`. What comes out depends on the
sequence of samples alone, not on how they were bundled or when they arrived: every grid point is
stepped in the order of its stamp, and only the newest control point of a call is handed out.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import setting_of
from lstm_dynamics_ros.core.state import RawSample, Vector
from lstm_dynamics_ros.pipeline.forecast import UNUSABLE
from lstm_dynamics_ros.pipeline.settings import PipelineSettings, SafetySettings
from lstm_dynamics_ros.pipeline.stages import Stages
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.pipeline.torque_permission import Surroundings
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import ACTIVE, Event, State

__all__ = ['Pipeline', 'PipelineSettings', 'SafetySettings', 'Step', 'Surroundings']

MOST_BAD = 2
"""Torques in a row that are not finite, and make a fault."""


class Pipeline(Stages):
    """Everything between the joint states of one robot and what is published.

    It takes what :class:`Stages` takes; :func:`~lstm_dynamics_ros.pipeline.build.build_pipeline`
    makes all of that from a model and settings, and has an example.
    """

    remark = ''
    """Why the controller is not the one that was hoped for; empty if it is."""
    newest: Step | None = None
    """The newest control point; None before the first."""
    _forgot = ''  # why the memory was cleared last
    _lost = False
    _ticks = 0

    def tick(self, samples: Sequence[RawSample]) -> Step | None:
        """Take in all samples that came since the last call, in the order they came.

        Returns:
            The step of the newest control point that they complete; None if they complete none,
            or while the node is not active.
        """
        if self.machine.state not in ACTIVE:
            return None
        armed = self.machine.state is State.ARMED
        points = [point for sample in samples for point in self.state_input.place(sample)]
        newest = -1
        for number, point in enumerate(points):
            if point.index % self.control_steps == 0:
                newest = number
        found = None
        for number, point in enumerate(points):
            step = self.state_input.begin(point, is_control=number == newest)
            self._follow(step)
            if step.is_control:
                self._correct(step)
                found = step
        self._notice_loss()
        if armed and self.machine.state is not State.ARMED and not self.revoked_because:
            self.permission.note_loss(self.machine.fault or self._forgot)
        self.permission.bound_recovery()
        return found

    def _follow(self, step: Step) -> None:
        """Take a grid point through all stages but the last."""
        machine, inputs = self.machine, self.model_inputs
        inputs.look_up(step)
        if machine.state is State.WAITING:
            machine.on(Event.DATA)
        if step.point.restarted:
            self._forget('A gap or a jump in the joint states made the model start over.')
        inputs.observe(step, touched=self.trust_monitor.touched)
        self.model_tracker.predict(step)
        if step.prediction is None:
            self._forget(UNUSABLE)
        inputs.remember(step)
        self.forecast.describe(step)
        self.trust_monitor.judge(step, self.correction_output.commanded_effort)
        self.permission.count_recovery()

    def _correct(self, step: Step) -> None:
        """Take a control point through the last stage."""
        machine, output = self.machine, self.correction_output
        self._ticks += 1
        self.newest = step
        step.note = self._note()
        output.compute(step)
        self.permission.review(step)
        output.finish(step, armed=machine.state is State.ARMED)
        if self.gate.bad_in_a_row == MOST_BAD:
            machine.fail('The controller computed torque that is not finite, repeatedly.')
        step.state = machine.state

    def _notice_loss(self) -> None:
        """Start over as soon as usable joint states are missing too long to be bridged."""
        before, self._lost = self._lost, self.state_input.lost
        if not self._lost or before:
            return
        self._forget(self.state_input.waiting_for())
        if (
            self.machine.state is not State.DEGRADED
        ):  # there, more time is left until it is a fault
            self.machine.on(Event.DATA_LOST)

    def revoke(self, reason: str) -> None:
        """Disarm because of something that a person should know, unless it is empty."""
        self.permission.revoke(reason)

    def _note(self) -> str:
        """Return why the prediction cannot be relied on; empty if it can."""
        lost = self.state_input.waiting_for() if self.state_input.lost else ''
        return lost or self.model_tracker.note() or self.state_input.too_slow()

    def waiting_for(self) -> str:
        """Return what is missing for valid predictions, for people; empty if nothing is."""
        return self.state_input.waiting_for() or self._note()

    def idle_command(self) -> Vector | None:
        """Return the next part of the safe command while no measurement comes.

        To be called once per control period when :meth:`tick` is not, e.g. when data are lost.

        Returns:
            Torque to send, shape (n_joints,); None if nothing is on its way out, or torque is
            still allowed.
        """
        return None if self.machine.allows_torque else self.correction_output.idle()

    def reset(self) -> None:
        """Forget the past on request; predictions are valid again after the washout."""
        allowed = self.machine.allows_torque
        self.state_input.reset()
        self._forget('The model was made to start over.')
        if allowed:
            self.permission.note_loss(self._forgot)

    def _forget(self, reason: str) -> None:
        """Clear the memory of all that is behind the time grid, for a reason."""
        self._forgot = reason
        self.clear()
        self.machine.on(Event.RESTART)

    def use_limits(self, limits: JointLimits) -> None:
        """Take over limits of the joints, such as those of a robot description that came late.

        Raises:
            ConfigError: While torque is allowed, or the safe command is on its way out.
        """
        if self.machine.allows_torque:
            raise ConfigError('Joint limits cannot change while torque is allowed.')
        self.correction_output.use_limits(limits)

    def reconfigure(
        self,
        settings: PipelineSettings,
        *,
        safety: SafetySettings | None = None,
        gate: GateSettings | None = None,
    ) -> None:
        """Take over settings while running; those left out stay.

        Raises:
            ConfigError: If a setting differs that cannot change while running, such as the
                latency; then none is taken over.
        """
        for item in fields(settings):
            same = getattr(settings, item.name) == getattr(self.settings, item.name)
            if not (same or setting_of(item).reconfigurable):
                raise ConfigError(f'{item.name} cannot change while running.')
        if gate is not None:
            self.gate.settings = gate
        if safety is not None:
            self.permission.safety = safety
            self.trust_monitor.use(safety)
        self.settings = self.forecast.settings = replace(settings)

    def arm(self, around: Surroundings | None = None) -> tuple[str, ...]:
        """Allow torque, if nothing speaks against it.

        Args:
            around: What the caller knows beside; by default that it acts on the ticks itself.

        Returns:
            What a person should read although it is no reason to refuse.

        Raises:
            ArmRefusedError: With all reasons.
        """
        around = around or Surroundings()
        return self.permission.grant(self.newest, self._note(), self.control_period, around)

    def disarm(self) -> None:
        """Revoke torque; the safe command follows. Never refused; a fault stays."""
        self.permission.disarm()

    @property
    def revoked_because(self) -> str:
        """Why torque was revoked since the last arming; empty if it was not."""
        return self.permission.revoked_because

    @property
    def counters(self) -> dict[str, int]:
        """All counters since the start, by name."""
        return super().counters | {'ticks': self._ticks}
