# SPDX-License-Identifier: Apache-2.0
"""One whole tick, without ROS: raw joint states in, predictions and a correction out.

The node and the offline replay both call :meth:`Pipeline.tick`. What comes out depends on the
sequence of samples alone, not on how they were bundled or when they arrived: every grid point is
stepped in the order of its stamp, and only the newest control point of a call is handed out.
"""

from collections.abc import Sequence
from dataclasses import fields, replace

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.control.base import ControlInput, Controller, Reference
from lstm_dynamics_ros.errors import ConfigError
from lstm_dynamics_ros.grid import GridPoint, nanoseconds
from lstm_dynamics_ros.parameters import setting_of
from lstm_dynamics_ros.pipeline_inlet import Inlet
from lstm_dynamics_ros.pipeline_settings import control_steps, PipelineSettings
from lstm_dynamics_ros.pipeline_tick import Tick, Trajectory
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.gate import Gate, GateSettings
from lstm_dynamics_ros.safety.plausibility import (
    continuous_joints,
    position_difference,
    RangeCheck,
)
from lstm_dynamics_ros.safety.state import Event, State, StateMachine
from lstm_dynamics_ros.state import JointState, Matrix, RawSample, Vector
import numpy as np

__all__ = ['Pipeline', 'PipelineSettings', 'Tick', 'Trajectory']


class Pipeline:
    """Everything between the joint states of one robot and what is published.

    Args:
        loaded: The model.
        settings: How joint states are taken in and what is predicted.
        controller: Computes the torque; none at all if left out.
        gate: What the torque must pass; made from the model's effort limits if left out.
        machine: State of the node; one that is active if left out.

    Raises:
        ConfigError: If the control rate or the joint map does not fit the model.
        UnknownNameError: If the joint map names an unknown joint.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        settings: PipelineSettings | None = None,
        *,
        controller: Controller | None = None,
        gate: Gate | None = None,
        machine: StateMachine | None = None,
    ) -> None:
        card = loaded.card
        self.card = card
        self.settings = settings or PipelineSettings()
        self.control_steps = control_steps(card.dt, self.settings.control_rate)
        """Model steps between two control points."""
        self.control_period = self.control_steps * card.dt
        """Time between two control points [s]."""
        self.machine = machine or StateMachine(State.WAITING)
        self.controller = controller or CONTROLLERS['none']().build(card, self.control_period)
        limits = card.effort_limits or (None,) * card.n_joints
        self.gate = gate or Gate(GateSettings(), limits, self.control_period)
        self.reference: Reference | None = None
        """Where the robot is told to be; set by the node before each tick."""
        self._inlet = Inlet(card, self.settings)
        self._continuous = continuous_joints(card)
        self._range = RangeCheck(card, self.settings.range_margin)
        self._outside: tuple[str, ...] = ()
        self._predictor = Predictor(loaded)
        self._expected: tuple[int, Vector] | None = None
        self._own = dict.fromkeys(('ticks', 'inference_error'), 0)
        self._bad_outputs = 0

    def tick(self, samples: Sequence[RawSample]) -> Tick | None:
        """Take in all samples that came since the last call, in the order they came.

        Returns:
            What is known at the newest control point they complete; None if they complete none,
            or while the node is not active.
        """
        if not self.machine.active:
            return None
        points = [point for sample in samples for point in self._inlet.place(sample)]
        newest = max(
            (i for i, point in enumerate(points) if point.index % self.control_steps == 0),
            default=None,
        )
        tick = None
        for i, point in enumerate(points):
            expected = self._expected
            prediction = self._advance(point)
            if i == newest:
                tick = self._describe(point, prediction, expected)
        return tick

    def _advance(self, point: GridPoint) -> Vector | None:
        """Step the model over a grid point and return its prediction, None if there is none."""
        self.machine.on(Event.DATA)
        if point.restarted:
            self._forget()
        try:
            prediction: Vector | None = self._predictor.update(point)
        except Exception as error:  # noqa: BLE001 - whatever onnxruntime raises, the node lives on
            self._own['inference_error'] += 1
            self.machine.fail(f'The model could not be run: {error}')
            self._predictor.reset()
            prediction = None
        if self._predictor.valid:
            self._bad_outputs = 0
        else:
            prediction = None
            self._forget()
            self._bad_outputs += 1
            if self._bad_outputs == 2:
                self.machine.fail('The model could not be used twice in a row.')
        if self._predictor.warm:
            self.machine.on(Event.WARM)
        self._expected = None if prediction is None else (point.index + 1, prediction)
        return prediction

    def _forget(self) -> None:
        """Let everything that remembers follow the model when its memory is cleared."""
        self.machine.on(Event.RESTART)
        self.controller.reset()
        self.gate.reset()
        self._expected = None

    def _describe(
        self, point: GridPoint, prediction: Vector | None, expected: tuple[int, Vector] | None
    ) -> Tick:
        """Return the tick of a control point that was just stepped."""
        self._own['ticks'] += 1
        stamp = point.state.stamp_ns
        forward = self.card.model_kind == 'forward'
        predicted = None
        if prediction is not None:
            ahead = nanoseconds(self.card.dt) if forward else 0
            predicted = self._predictor.as_state(prediction, stamp + ahead)
        self._outside = tuple(self._range.outside(point.state))
        warm = self._predictor.warm
        note = self._note()
        trajectory, horizon = self._look_ahead(stamp) if predicted and forward else (None, None)
        torque = None
        if predicted is not None and warm:
            torque = self.controller.torque(
                ControlInput(
                    measured=point.state,
                    predicted=predicted,
                    horizon=horizon,
                    reference=self.reference,
                    dt=self.control_period,
                )
            )
        armed = self.machine.allows_torque and not note
        return Tick(
            stamp_ns=stamp,
            measured=point.state,
            filled=point.filled,
            predicted=predicted,
            trajectory=trajectory,
            error=self._error(point, predicted, None if point.restarted else expected),
            warm=warm,
            valid=not note,
            note=note,
            outside_range=self._outside,
            state=self.machine.state,
            correction=self.gate.pass_through(torque, armed=armed),
        )

    def _error(
        self, point: GridPoint, predicted: JointState | None, expected: tuple[int, Vector] | None
    ) -> JointState | None:
        """Return measured minus predicted for the time of the grid point."""
        measured = point.state
        if self.card.model_kind == 'forward':
            if expected is None or expected[0] != point.index:
                return None
            told = self._predictor.as_state(expected[1], measured.stamp_ns)
        elif self.card.model_kind == 'inverse' and predicted is not None:
            told = predicted
        else:  # a residual can only be compared together with its rigid-body prior
            return None
        return JointState(
            measured.stamp_ns,
            position_difference(self._continuous, measured.position, told.position),
            measured.velocity - told.velocity,
            measured.effort - told.effort,
        )

    def _look_ahead(self, stamp_ns: int) -> tuple[Trajectory | None, Matrix | None]:
        """Return the horizon from the last observation, as a trajectory and as targets."""
        steps = self.settings.horizon_steps
        if steps == 0:
            return None, None
        hold = (
            self.settings.horizon_effort == 'hold'
            or self.card.columns('effort', of='targets') is None
        )
        rows = self._predictor.horizon(steps, 'hold' if hold else 'predicted')
        stamps = stamp_ns + nanoseconds(self.card.dt) * np.arange(1, steps + 1)
        return Trajectory(stamps, **self._predictor.by_kind(rows)), rows

    def _note(self) -> str:
        """Return why the prediction cannot be relied on; empty if it can."""
        if not self._predictor.valid:
            return 'The model could not be used on the newest measurement.'
        if not self._predictor.warm:
            return f'Warming up: {self._predictor.seen} of {self.card.washout_steps} steps.'
        return self._inlet.too_slow()

    def waiting_for(self) -> str:
        """Return what is missing for valid predictions, for people; empty if nothing is."""
        return self._inlet.waiting_for() or self._note()

    def reset(self) -> None:
        """Forget the past on request; predictions are valid again after the washout."""
        self._inlet.reset()
        self._predictor.reset()
        self._forget()

    def reconfigure(self, settings: PipelineSettings) -> None:
        """Take over settings while running.

        Raises:
            ConfigError: If a setting differs that cannot change while running; then none is
                taken over.
        """
        for item in fields(settings):
            changed = getattr(settings, item.name) != getattr(self.settings, item.name)
            if changed and not setting_of(item).reconfigurable:
                raise ConfigError(f'{item.name} cannot change while running.')
        self.settings = replace(settings)

    def arm(self, refusals: Sequence[str] = ()) -> None:
        """Allow torque, if nothing speaks against it.

        Args:
            refusals: What the caller found, e.g. that nobody listens to the command.

        Raises:
            ArmRefusedError: With all reasons.
        """
        reasons = list(refusals)
        if not self.controller.computes_torque:
            reasons.append('The controller computes no torque.')
        if self.gate.unlimited_joints:
            names = ', '.join(self.card.joint_names[i] for i in self.gate.unlimited_joints)
            reasons.append(f'These joints have no effort limit: {names}.')
        if self._inlet.message_period is None:
            reasons.append('The rate of the joint states is not known yet.')
        elif missing := self._note():
            reasons.append(missing)
        if self._outside:
            reasons.append(f'Outside the training range: {", ".join(self._outside)}.')
        self.machine.arm(reasons)

    def disarm(self) -> None:
        """Take torque back. Never refused; a fault stays."""
        if self.machine.state in {State.ARMED, State.DEGRADED}:
            self.machine.on(Event.DISARM)
        self.gate.reset()

    @property
    def counters(self) -> dict[str, int]:
        """All counters since the start, by name."""
        parts = (
            self._inlet.counters,
            self._predictor.counters, self.gate.counters, self._own,
        )  # fmt: skip
        return {name: count for part in parts for name, count in part.items()}

    @property
    def message_period(self) -> float | None:
        """Median time between two messages [s]; None before enough have come."""
        return self._inlet.message_period
