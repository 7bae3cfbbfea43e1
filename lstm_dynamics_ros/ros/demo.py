# SPDX-License-Identifier: Apache-2.0
"""The demo: an embedded robot and the node that predicts it, each in a process, watched here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import os
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.errors import DataError
from lstm_dynamics_ros.grid import nanoseconds
from lstm_dynamics_ros.ros.graph import why_silent
from lstm_dynamics_ros.ros.interfaces import ROBOT_JOINT_STATES
from lstm_dynamics_ros.ros.live_view import LiveView
from lstm_dynamics_ros.ros.observer import Observer, Stream
from lstm_dynamics_ros.ros.processes import last_lines, Processes
from lstm_dynamics_ros.ros.settings import DemoSettings, find_model
from lstm_dynamics_ros.ros.spin import make_executor, StopFlag
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.sim.collection import held_out_payload
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.state import Vector
import numpy as np
import rclpy
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown

VIEW_PERIOD = 0.1
"""Time between two drawings of the live view [s]."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What was seen between the first warm prediction and the end."""

    duration: float
    """Length of what was seen [s]; shorter than asked for after Ctrl-C."""
    joint_states_hz: float
    prediction_hz: float
    latency_us: dict[str, float]
    """From the receipt of a joint state to the publication, in the node: p50, p99, max [us]."""
    ages_us: Vector
    """From the stamp of each measurement to the arrival of the prediction made from it here."""
    missed_ticks: int
    """Control points without a prediction."""
    lost_joint_states: int
    """Joint states that did not arrive here."""
    measured: Stream
    truth: Stream
    predicted: Stream
    """Its stamps are the times the predictions are for."""
    joint_types: tuple[str, ...]

    @property
    def end_to_end_us(self) -> dict[str, float]:
        """Percentiles of ``ages_us``."""
        values = np.percentile(self.ages_us, [50, 99, 100])
        return dict(zip(('p50', 'p99', 'max'), (float(value) for value in values), strict=True))

    def recording(self) -> Recording:
        """Return what was measured as a recording."""
        return _recording('demo', self.measured, self.joint_types)

    def true_recording(self) -> Recording:
        """Return simulator truth as a recording. For scoring only."""
        return _recording('truth', self.truth, self.joint_types)


def with_payload(settings: DemoSettings) -> DemoSettings:
    """Return the settings with a payload held out of training if none was chosen."""
    if settings.payload >= 0:
        return settings
    return replace(settings, payload=held_out_payload(load_robot(settings.robot)))


def run_demo(
    settings: DemoSettings, *, headless: bool = True, progress: Progress | None = None
) -> DemoResult:
    """Run robot and node for a while, on a ROS domain of their own, and watch.

    Args:
        settings: What to run.
        headless: Draw nothing.
        progress: Told the seconds seen, the seconds in all, and what is being done.

    Raises:
        ModelFileError: If the model is refused.
        NodeEndedError: If a node ends before it should.
        DataError: If no predictions come.
    """
    settings = with_payload(settings)
    path = find_model(settings.model or f'{settings.robot}_forward').absolute()
    card = load_model(path).card
    domain = str(1 + os.getpid() % 100)
    os.environ.update(ROS_DOMAIN_ID=domain, ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
    stop = StopFlag()
    stop.install()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node('demo', start_parameter_services=False)
    executor = make_executor(settings.executor)
    executor.add_node(node)
    try:
        with TemporaryDirectory() as folder, Processes(Path(folder), {}) as processes:
            _start(processes, settings, path)
            demo = _Demo(node, executor, processes, stop, settings)
            demo.view = None if headless else LiveView()
            return demo.run(card.dt, card.joint_types, progress)
    finally:
        executor.shutdown()
        node.destroy_node()
        try_shutdown()


def _start(processes: Processes, settings: DemoSettings, model: Path) -> None:
    processes.start(
        'sim_node',
        {
            'robot': settings.robot,
            'hidden.payload': settings.payload,
            'motion': settings.motion,
            'motion_duration': max(60.0, settings.duration + settings.patience),
            'seed': settings.seed,
            'speed': settings.speed,
            'publish_truth': True,
            'executor': settings.executor,
        },
    )
    processes.start(
        'dynamics_node',
        {'model': model, 'executor': settings.executor, 'diagnostics_rate': 2.0},
    )


class _Demo:
    """One run of the demo."""

    def __init__(
        self,
        node: Node,
        executor: Executor,
        processes: Processes,
        stop: StopFlag,
        settings: DemoSettings,
    ) -> None:
        self._node = node
        self._executor = executor
        self._processes = processes
        self._stop = stop
        self._settings = settings
        self._observer = Observer(node)
        self._drawn = 0.0
        self.view: LiveView | None = None

    def run(
        self, dt: float, joint_types: tuple[str, ...], progress: Progress | None
    ) -> DemoResult:
        """Wait for predictions, watch for the time set, and return what was seen."""
        self._await_predictions()
        self._observer.forget()
        begin = time.monotonic()
        told = 0
        while (seen := time.monotonic() - begin) < self._settings.duration and not self._stop:
            self._spin()
            if progress is not None and int(seen) > told:
                told = int(seen)
                progress(told, round(self._settings.duration), 'watching')
        measured, predicted, truth = (
            self._observer.stream(name) for name in ('measured', 'predicted', 'truth')
        )
        prediction = self._observer.diagnostics.get('prediction', {})
        return DemoResult(
            duration=seen,
            joint_states_hz=measured.rate,
            prediction_hz=predicted.rate,
            latency_us={
                name: float(prediction.get(f'latency_us_{name}', 'nan'))
                for name in ('p50', 'p99', 'max')
            },
            ages_us=_ages(predicted, dt),
            missed_ticks=_missing(predicted, nanoseconds(dt)),
            lost_joint_states=_missing(measured, 1_000_000),
            measured=measured,
            truth=truth,
            predicted=predicted,
            joint_types=joint_types,
        )

    def _spin(self) -> None:
        self._executor.spin_once(timeout_sec=VIEW_PERIOD)
        now = time.monotonic()
        if now - self._drawn > VIEW_PERIOD:
            self._drawn = now
            self._processes.check()
            if self.view is not None:
                self._draw(self.view)

    def _await_predictions(self) -> None:
        deadline = time.monotonic() + self._settings.patience
        while not (self._observer.count('predicted') and self._observer.count('truth')):
            if self._stop:
                raise DataError('Stopped before the first prediction.')
            wrong_joints = 'Joint names' in self._observer.state['reason']
            if wrong_joints or time.monotonic() > deadline:
                raise DataError(self._why_nothing())
            self._spin()

    def _why_nothing(self) -> str:
        text = 'No prediction came.'
        if not self._observer.count('measured'):
            text += f' {why_silent(self._node, ROBOT_JOINT_STATES.name, ROBOT_JOINT_STATES.qos)}'
        state = self._observer.state
        text += f' dynamics_node is {state["state"]}: {state["reason"]}'
        return f'{text} {last_lines(self._processes, ("sim_node", "dynamics_node"))}'

    def _draw(self, view: LiveView) -> None:
        measured, predicted = (self._observer.newest(name) for name in ('measured', 'predicted'))
        if measured is None or predicted is None:
            return
        states = self._observer.diagnostics.get('joint states', {})
        prediction = self._observer.diagnostics.get('prediction', {})
        view.draw(
            measured,
            predicted,
            {
                'state': self._observer.state['state'],
                'joint states [Hz]': states.get('rate_hz', '-'),
                'predictions [Hz]': prediction.get('rate_hz', '-'),
                'latency p99 [us]': prediction.get('latency_us_p99', '-'),
            },
        )


def _ages(predicted: Stream, dt: float) -> Vector:
    """Return how old measurements were when their predictions arrived [us], shape (n,)."""
    wall = time.time_ns() - nanoseconds(time.monotonic())
    arrival = predicted.arrival * 1e6 + wall / 1e3
    ages: Vector = arrival - (predicted.stamp_ns - nanoseconds(dt)) / 1e3
    return ages


def _missing(stream: Stream, period_ns: int) -> int:
    """Return how many messages are missing between the first and the last."""
    if not len(stream):
        return 0
    steps = round((int(stream.stamp_ns[-1]) - int(stream.stamp_ns[0])) / period_ns)
    return max(0, steps + 1 - len(stream))


def _recording(name: str, stream: Stream, joint_types: tuple[str, ...]) -> Recording:
    return Recording(
        name=name,
        joint_names=stream.joint_names,
        joint_types=joint_types,
        stamp_ns=stream.stamp_ns,
        position=stream.position,
        velocity=stream.velocity,
        effort=stream.effort,
    )
