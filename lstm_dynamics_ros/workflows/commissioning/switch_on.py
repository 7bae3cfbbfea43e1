# SPDX-License-Identifier: Apache-2.0
"""Walks a person through the first switch-on of a correction: docs/first_switch_on.md.

Every step is measured and compared with what was seen without correction. On a worse error, a
rougher effort, a fault or Ctrl-C the correction is disarmed: a software stop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import json
import time
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.evaluation.scores.step_comparison import (
    comparison_table,
    reasons_to_stop,
    step_figures,
    StepFigures,
)
from lstm_dynamics_ros.ros.nodes.spin import make_executor, POLL_PERIOD, StopFlag
from lstm_dynamics_ros.ros.topics.interfaces import ARM, MODEL_INFO, STATE
from lstm_dynamics_ros.workflows.commissioning.settings import SwitchOnSettings
from lstm_dynamics_ros.workflows.commissioning.step_watch import StepWatch
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from std_msgs.msg import String

Say = Callable[[str], None]
"""Tells a person something."""

Confirm = Callable[[str], bool]
"""Asks a person a question; True for yes."""

WORTH_TRYING = 0.3
"""Explained share below which a joint is left out."""

PATIENCE = 20.0
"""Longest wait for the node [s]."""


@dataclass(frozen=True, kw_only=True)
class SwitchOnStep:
    """What was done and seen in one step."""

    title: str
    blend: float
    joints: tuple[str, ...]
    figures: StepFigures
    stopped: tuple[str, ...]
    """Why it was stopped; empty if it was not."""

    def as_json(self) -> dict[str, object]:
        """Return the step as what ``json.dumps`` takes."""
        return {
            'title': self.title,
            'blend': self.blend,
            'joints': list(self.joints),
            'rms_error': self.figures.error.tolist(),
            'roughness': self.figures.roughness.tolist(),
            'stopped': list(self.stopped),
        }


class Walked(NamedTuple):
    """What was done."""

    steps: tuple[SwitchOnStep, ...]
    complete: bool
    """Whether all steps were done, and the node is still armed."""


def switch_on(settings: SwitchOnSettings, *, say: Say, confirm: Confirm) -> Walked:
    """Go through all steps, as long as the person says yes and nothing gets worse.

    Args:
        settings: How.
        say: Tells the person.
        confirm: Asks before every step.

    Returns:
        What was done. After the last step the node stays armed; in every other case it is
        disarmed.

    Raises:
        DataError: If the node or the reference is not there, or arming is refused.
        ConfigError: If the joint is none of the model's.
    """
    stop = StopFlag()
    stop.install()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node('switch_on', start_parameter_services=False)
    try:
        session = _SwitchOnRun(node, stop, settings, say, confirm)
        try:
            return session.run()
        finally:
            session.close()
    finally:
        node.destroy_node()
        try_shutdown()


class _SwitchOnRun:
    """One run through the steps."""

    def __init__(
        self, node: Node, stop: StopFlag, settings: SwitchOnSettings, say: Say, confirm: Confirm
    ) -> None:
        self._node, self._stop, self._settings = node, stop, settings
        self._say, self._confirm = say, confirm
        self._executor = make_executor('events')
        self._executor.add_node(node)
        self._state: dict[str, Any] = {}
        self._info: dict[str, Any] = {}
        self._done: list[SwitchOnStep] = []
        for topic, take in ((STATE, self._on_state), (MODEL_INFO, self._on_info)):
            name = topic.name.replace('~', settings.node)
            node.create_subscription(String, name, take, topic.qos)
        self._arming = node.create_client(ARM.type, ARM.name.replace('~', settings.node))
        self._setting = node.create_client(SetParameters, f'{settings.node}/set_parameters')

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown()

    def run(self) -> Walked:
        """Go through the steps."""
        self._until(
            lambda: self._state and self._info and self._arming.service_is_ready(),
            f'{self._settings.node} did not answer. Is it running, and is this its name?',
        )
        names: tuple[str, ...] = tuple(self._info['joint_names'])
        first = self._settings.joint or names[-1]
        if first not in names:
            raise ConfigError(f'The joint must be one of {", ".join(names)}, got {first!r}.')
        self._watch = StepWatch(
            self._node,
            self._settings.joint_states,
            self._settings.reference,
            self._info['robot_joint_names'],
        )
        if self._state['state'] in {'armed', 'degraded'}:
            raise DataError(f'{self._settings.node} is armed already. Disarm it first.')
        armed = False
        try:
            self._say(f'Step 1. Watching for {self._settings.duration:g} s, nothing is sent.')
            before = self._look()
            self._done.append(
                SwitchOnStep(title='watch', blend=0.0, joints=(), figures=before, stopped=())
            )
            usable = self._shadow(names)
            if first not in usable:
                raise DataError(f'The shadow score of {first} is too low. Choose another joint.')
            plan: list[tuple[str, tuple[str, ...], float]] = [
                (f'{first} alone', (first,), blend) for blend in self._settings.one_joint
            ]
            plan += [('all joints', usable, blend) for blend in self._settings.all_joints]
            for number, (what, joints, blend) in enumerate(plan, 3):
                title = f'Step {number}. {what} at {blend:.0%}.'
                if not self._confirm(f'{title} Go on?'):
                    break
                self._set(blend=blend)  # falls before joints are added
                self._set(joints=joints)
                if number == 3:
                    self._arm(armed=True)
                if not self._step(title, joints, blend, before, names):
                    break
            else:
                armed = True
                self._say('All steps are done; the correction stays armed.')
        finally:
            if not armed:
                self._arm(armed=False)
                self._say('Disarmed.')
        return Walked(tuple(self._done), armed)

    def _step(
        self,
        title: str,
        joints: tuple[str, ...],
        blend: float,
        before: StepFigures,
        names: Sequence[str],
    ) -> bool:
        """Watch one step; return whether to go on."""
        self._spin(self._settings.settle)
        if not self._stop:
            now = self._look()
        if self._stop:
            self._say('STOP: Stopped by hand.')
            return False
        reasons = reasons_to_stop(before, now, names, joints)
        if self._state['state'] != 'armed':
            reason = self._state.get('revoked_because') or self._state['reason']
            reasons.insert(0, f'It is {self._state["state"]}, not armed: {reason}')
        self._say(f'{title}\n{comparison_table(before, now, names, joints)}')
        for reason in reasons:
            self._say(f'STOP: {reason}')
        self._done.append(
            SwitchOnStep(
                title=title, blend=blend, joints=joints, figures=now, stopped=tuple(reasons)
            )
        )
        return not reasons

    def _shadow(self, names: Sequence[str]) -> tuple[str, ...]:
        """Show the shadow score, and return the joints worth trying."""
        score = self._state.get('shadow')
        if not score or not score['time']:
            raise DataError(
                f'{self._settings.node} has no shadow score. Remap its ~/reference to what the '
                f'robot follows. It says: {self._state["reason"] or self._state.get("remark")}'
            )
        shares = [value if value is not None else 0.0 for value in score['explained'].values()]
        self._say(
            f'Step 2. Shadow score over {score["time"]:.3g} s: share of the disturbance that the '
            'correction would have taken away.'
        )
        for name, share in zip(names, shares, strict=True):
            verdict = (
                'good'
                if share > 0.7
                else 'worth trying'
                if share > WORTH_TRYING
                else (
                    'hardly better than nothing: left out'
                    if share >= 0.0
                    else 'worse than nothing: left out'
                )
            )
            self._say(f'  {name:14} {share:6.2f}  {verdict}')
        return tuple(
            name for name, share in zip(names, shares, strict=True) if share > WORTH_TRYING
        )

    def _look(self) -> StepFigures:
        self._watch.begin()
        self._spin(self._settings.duration)
        return step_figures(*self._watch.taken())

    def _arm(self, *, armed: bool) -> None:
        future = self._arming.call_async(ARM.type.Request(data=armed))
        answer = self._answer(future, 'arm')
        if armed and not answer.success:
            raise DataError(answer.message)
        if armed:
            self._say(answer.message)

    def _set(self, *, blend: float | None = None, joints: Sequence[str] | None = None) -> None:
        parameters = []
        if blend is not None:
            parameters.append(Parameter('gate.blend', value=float(blend)))
        if joints is not None:
            parameters.append(Parameter('gate.enabled_joints', value=list(joints)))
        request = SetParameters.Request(parameters=[one.to_parameter_msg() for one in parameters])
        for result in self._answer(self._setting.call_async(request), 'parameters').results:
            if not result.successful:
                raise DataError(result.reason)

    def _answer(self, future: Any, what: str) -> Any:  # noqa: ANN401 - messages have no types
        deadline = time.monotonic() + PATIENCE
        while not future.done():
            if time.monotonic() > deadline:
                raise DataError(f'{self._settings.node} did not answer about {what}.')
            self._executor.spin_once(timeout_sec=POLL_PERIOD)
        return future.result()

    def _until(self, holds: Callable[[], object], why: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline or self._stop:
                raise DataError(why)
            self._executor.spin_once(timeout_sec=POLL_PERIOD)

    def _spin(self, seconds: float) -> None:
        """Listen for a while, or until it should end sooner."""
        end = time.monotonic() + seconds
        began = self._state['state']
        while time.monotonic() < end and not self._stop:
            self._executor.spin_once(timeout_sec=POLL_PERIOD)
            if began == 'armed' and self._state['state'] == 'fault':
                return

    def _on_state(self, message: String) -> None:
        self._state = json.loads(message.data)

    def _on_info(self, message: String) -> None:
        self._info = json.loads(message.data)
