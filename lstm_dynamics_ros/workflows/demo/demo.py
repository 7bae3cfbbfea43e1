# SPDX-License-Identifier: Apache-2.0
"""The demo: an embedded robot, the node that predicts it and the node that corrects it.

Each runs in a process, watched here: first without correction, then the correction is armed, and
the robot repeats the same motion with it. Two nodes, because a forward model and a control model
are two files, and each node holds one.
"""

from dataclasses import replace
from pathlib import Path
import time

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.ros.topics.graph import why_silent
from lstm_dynamics_ros.ros.topics.interfaces import ROBOT_JOINT_STATES
from lstm_dynamics_ros.runtime.model_file import find_model, load_model
from lstm_dynamics_ros.sim.collection import held_out_payload
from lstm_dynamics_ros.sim.motions.base import SHORTEST
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.workflows.demo.correction_watch import CorrectionWatch, FADE_IN
from lstm_dynamics_ros.workflows.demo.demo_result import demo_result, DemoResult
from lstm_dynamics_ros.workflows.demo.settings import DemoSettings
from lstm_dynamics_ros.workflows.live.correction_process import CorrectionProcess
from lstm_dynamics_ros.workflows.live.domain import own_domain, OwnDomain
from lstm_dynamics_ros.workflows.live.live_view import LiveView
from lstm_dynamics_ros.workflows.live.observer import FORWARD_NODE, Observer
from lstm_dynamics_ros.workflows.live.processes import last_lines, Processes

VIEW_PERIOD = 0.1
"""Time between two drawings of the live view [s]."""


def with_defaults(settings: DemoSettings) -> DemoSettings:
    """Return the settings with everything chosen that was left open.

    That is a payload held out of training, the forward model of the robot, and its residual model,
    ``none`` if there is none.

    Raises:
        ConfigError: If there is not enough time for a stretch with and one without correction.
    """
    payload, model, control = settings.payload, settings.model, settings.control_model
    if payload < 0:
        payload = held_out_payload(load_robot(settings.robot))
    if not control:
        shipped = f'{settings.robot}_residual'
        control = shipped if shipped in assets('models', '*.onnx') else 'none'
    if control != 'none' and settings.duration < 2 * SHORTEST:
        raise ConfigError(
            f'With a correction the demo needs at least {2 * SHORTEST:g} s, half of it without '
            f'and half with, got {settings.duration:g} s. Set control_model to none for '
            'predictions only.'
        )
    return replace(
        settings,
        payload=payload,
        control_model=control,
        model=model or f'{settings.robot}_forward',
    )


def run_demo(
    settings: DemoSettings, *, headless: bool = True, progress: Progress | None = None
) -> DemoResult:
    """Run robot and nodes for a while, on a ROS domain of their own, and watch.

    Args:
        settings: What to run.
        headless: Draw nothing.
        progress: Called with the seconds seen, the seconds in all, and what is being done.

    Raises:
        ModelFileError: If a model is refused.
        NodeEndedError: If a node ends before it should.
        DataError: If no predictions come, or the correction cannot be armed.
        ConfigError: If there is not enough time.
    """
    settings = with_defaults(settings)
    path = find_model(settings.model).absolute()
    card = load_model(path).card
    control = None
    if settings.control_model != 'none':
        control = find_model(settings.control_model).absolute()
        load_model(control)
    with own_domain('demo', settings.executor) as domain:
        _start(domain.processes, settings, path, corrected=control is not None)
        observer = Observer(domain.node)
        watch = None
        if control is not None:
            parameters = {
                'controller': settings.controller,
                'executor': settings.executor,
                'gate.fade_in': FADE_IN,
            }
            robot = load_robot(settings.robot)
            correction = CorrectionProcess(
                domain.node, domain.processes, robot, control, parameters
            )
            watch = CorrectionWatch(
                observer, correction, period=settings.duration / 2, patience=settings.patience
            )
        demo = _Demo(domain, observer, watch, settings)
        demo.view = None if headless else LiveView()
        duration = demo.run(progress)
        return demo_result(
            observer,
            duration=duration,
            dt=card.dt,
            joint_types=card.joint_types,
            effect=None if watch is None else watch.effect(),
            shadow=None if watch is None else watch.shadow,
        )


def _start(processes: Processes, settings: DemoSettings, model: Path, *, corrected: bool) -> None:
    whole = max(60.0, settings.duration + settings.patience)
    processes.start(
        'sim_node',
        {
            'robot': settings.robot,
            'hidden.payload': settings.payload,
            'motion': settings.motion,
            'motion_duration': settings.duration / 2 if corrected else whole,
            'seed': settings.seed,
            'speed': settings.speed,
            'publish_truth': True,
            'executor': settings.executor,
        },
    )
    processes.start(
        'dynamics_node',
        {
            'model': model,
            'controller': 'none',
            'command_topic': f'{FORWARD_NODE}/command',  # the other node's must be its alone
            'executor': settings.executor,
            'diagnostics_rate': 2.0,
        },
    )


class _Demo:
    """One run of the demo."""

    def __init__(
        self,
        domain: OwnDomain,
        observer: Observer,
        watch: CorrectionWatch | None,
        settings: DemoSettings,
    ) -> None:
        self._domain = domain
        self._settings = settings
        self._observer = observer
        self._watch = watch
        self._drawn = 0.0
        self.view: LiveView | None = None

    def run(self, progress: Progress | None) -> float:
        """Wait for predictions, watch for the time set, and return how long it was [s]."""
        self._await_predictions()
        self._observer.forget()
        if self._watch is not None:
            self._watch.begin()
        begin = time.monotonic()
        shown = 0
        while not self._finished(seen := time.monotonic() - begin):
            self._spin()
            if progress is not None and int(seen) > shown:
                shown = int(seen)
                stage = 'watching' if self._watch is None else self._watch.stage
                progress(shown, round(self._settings.duration), stage)
        return seen

    def _finished(self, seen: float) -> bool:
        if self._domain.stop:
            return True
        return seen > self._settings.duration if self._watch is None else self._watch.finished

    def _spin(self) -> None:
        self._domain.executor.spin_once(timeout_sec=VIEW_PERIOD)
        now = time.monotonic()
        if now - self._drawn > VIEW_PERIOD:
            self._drawn = now
            self._domain.processes.check()
            if self._watch is not None:
                self._watch.update()
            if self.view is not None:
                self._draw(self.view)

    def _await_predictions(self) -> None:
        deadline = time.monotonic() + self._settings.patience
        while not self._ready():
            if self._domain.stop:
                raise DataError('Stopped before the first prediction.')
            wrong_joints = 'Joint names' in self._observer.state['reason']
            if wrong_joints or time.monotonic() > deadline:
                raise DataError(self._why_nothing())
            self._spin()

    def _ready(self) -> bool:
        seen = self._observer.count('predicted') and self._observer.count('truth')
        return bool(seen) and (self._watch is None or self._watch.ready)

    def _why_nothing(self) -> str:
        if self._observer.count('predicted') and self._watch is not None:
            return f'The correction did not get ready. {self._watch.why()}'
        text = 'No prediction came.'
        if not self._observer.count('measured'):
            topic = ROBOT_JOINT_STATES
            text += f' {why_silent(self._domain.node, topic.name, topic.qos)}'
        state = self._observer.state
        text += f' dynamics_node is {state["state"]}: {state["reason"]}'
        return f'{text} {last_lines(self._domain.processes, ("sim_node", "dynamics_node"))}'

    def _draw(self, view: LiveView) -> None:
        measured, predicted = (self._observer.newest(name) for name in ('measured', 'predicted'))
        if measured is None or predicted is None:
            return
        states = self._observer.diagnostics.get('joint states', {})
        prediction = self._observer.diagnostics.get('prediction', {})
        watch = self._watch
        view.draw(
            measured,
            predicted,
            {
                'state': self._observer.state['state'],
                'joint states [Hz]': states.get('rate_hz', '-'),
                'predictions [Hz]': prediction.get('rate_hz', '-'),
                'latency p99 [us]': prediction.get('latency_us_p99', '-'),
                'error / card': prediction.get('error_ratio', '-'),
            },
            columns=None if watch is None else watch.columns(),
            more=None if watch is None else watch.values(),
        )
