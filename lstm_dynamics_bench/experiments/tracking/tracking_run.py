# SPDX-License-Identifier: Apache-2.0
"""A case of the tracking benchmark in real time: robot and node in processes, messages between."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
import time

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, SETTLE
from lstm_dynamics_ros.ros.topics.interfaces import ROBOT_REFERENCE
from lstm_dynamics_ros.sim.motions import Motion
from lstm_dynamics_ros.workflows.live.correction_process import CorrectionProcess, NAME
from lstm_dynamics_ros.workflows.live.domain import own_domain, OwnDomain
from lstm_dynamics_ros.workflows.live.observer import Observer
from lstm_dynamics_ros.workflows.live.tracking_watch import stamp_of
import numpy as np
from rclpy.serialization import deserialize_message

STEP_NS = 1_000_000
"""Time between two rows of a motion [ns]."""

LOOK = 0.05
"""Time between two looks at the processes [s]."""

LAST_MESSAGES = 0.2
"""Time that is waited for the last messages [s]."""


@dataclass(frozen=True, kw_only=True)
class RosTrackingRun:
    """Tracking error, rates and counters of one scored run."""

    error: Matrix
    """Reference minus true position where runs are scored [rad] or [m], shape (n, n_joints)."""
    commands_hz: float
    """Rate of the commands while scored [Hz]."""
    lost: int
    """True positions that did not arrive here, and so are not scored."""
    latency_us: Mapping[str, float]
    """From the receipt of a joint state to the publication, in the node: p50, p99, max [us]."""
    missed_ticks: int
    """Control points without a correction, since the node started."""
    counters: Mapping[str, int]
    """What the node has counted since it started, and is not zero."""

    @property
    def rms_mrad(self) -> float:
        """RMS error, pooled over joints [mrad]."""
        return float(1e3 * np.sqrt(np.mean(self.error**2)))

    @property
    def joint_rms_mrad(self) -> Vector:
        """RMS error of each joint [mrad], shape (n_joints,)."""
        rms: Vector = 1e3 * np.sqrt(np.mean(self.error**2, axis=0))
        return rms


def run_over_ros(
    case: Case,
    model: Path,
    parameters: Mapping[str, object],
    *,
    velocity_share: float,
    patience: float = 30.0,
) -> RosTrackingRun:
    """Make one run of ``sim_node`` and ``dynamics_node`` with all messages between them.

    The motion is repeated. The correction is armed as soon as it can be, and the first whole
    repetition after that is scored, without its first two seconds, as in lockstep.

    Args:
        case: What happens; physics that stay, and no wall.
        model: Model file that the correction is made from.
        parameters: Parameters of ``dynamics_node``: the controller and its settings.
        velocity_share: Share of the velocity limits that the case's motion was made for.
        patience: Longest wait for the node to be armed [s].

    Raises:
        ConfigError: If the case needs what the robot of ROS does not have.
        DataError: If it cannot be armed, or does not stay armed.
        NodeEndedError: If a node ends before it should.
    """
    if case.wall is not None or case.later is not None:
        raise ConfigError(
            f'The scenario {case.scenario} cannot be run through ROS: its robot has no wall and '
            'its physics stay as they are.'
        )
    with own_domain('tracking_run', 'events') as domain:
        domain.processes.start('sim_node', _robot_parameters(case, velocity_share=velocity_share))
        return _LiveRun(domain, case, model, parameters).run(patience)


def _robot_parameters(case: Case, *, velocity_share: float) -> dict[str, object]:
    """Return the parameters of ``sim_node`` that make it the robot of a case."""
    return {
        'robot': case.robot.name,
        **{f'hidden.{name}': value for name, value in asdict(case.hidden).items()},
        'motion': case.motion.kind,
        'motion_duration': case.motion.duration,
        'seed': case.motion.seed,
        'speed': case.motion.speed,
        'velocity_share': velocity_share,
        'command_cycles': case.delay_cycles,
        'publish_truth': True,
        'executor': 'events',
    }


class _LiveRun:
    """One run: processes are started, armed, watched, and scored."""

    def __init__(
        self, domain: OwnDomain, case: Case, model: Path, parameters: Mapping[str, object]
    ) -> None:
        self._domain, self._case = domain, case
        self._observer = Observer(domain.node, source=f'/{NAME}')
        self._correction = CorrectionProcess(
            domain.node,
            domain.processes,
            case.robot,
            model,
            {
                'latency': case.latency,
                'gate.fade_in': 0.0,
                'arming.shadow': 'ignore',
                'arming.min_shadow_time': 0.0,
                'diagnostics_rate': 2.0,
                'executor': 'events',
                **parameters,
            },
        )

    def run(self, patience: float) -> RosTrackingRun:
        """Arm, wait for a whole repetition, and return its figures."""
        deadline = time.monotonic() + patience
        while not (self._correction.ready and self._observer.count('reference')):
            if time.monotonic() > deadline:
                raise DataError(f'The correction did not get ready. {self._correction.why()}')
            self._spin()
        since = time.monotonic()
        while not self._correction.arm(patience, since):
            self._spin()
        period_ns = len(self._case.motion) * STEP_NS
        begin_ns = self._start_of_motion() + period_ns
        while self._now_ns < begin_ns:
            self._spin()
            self._correction.check()
        self._observer.forget()
        end_ns = begin_ns + period_ns
        while self._now_ns < end_ns + LAST_MESSAGES * NANOSECONDS:
            self._spin()
            self._correction.check()
        return self._score(begin_ns, end_ns)

    def _spin(self) -> None:
        """Handle messages for a moment; fail if a process ended."""
        end = time.monotonic() + LOOK
        while time.monotonic() < end:
            self._domain.executor.spin_once(timeout_sec=LOOK)
        self._domain.processes.check()
        if self._domain.stop:
            raise DataError('Stopped before the end of the run.')

    @property
    def _now_ns(self) -> int:
        """Newest stamp of the robot [ns]; 0 before the first."""
        newest = self._observer.kept('truth', -1)
        return stamp_of(newest[-1].raw) if newest else 0

    def _start_of_motion(self) -> int:
        """Return when the newest repetition began [ns], by the reference of the robot."""
        for kept in reversed(self._observer.kept('reference')):
            message = deserialize_message(kept.raw, ROBOT_REFERENCE.type)
            row = row_of(self._case.motion, np.array(message.points[0].positions))
            if row is not None:
                return stamp_of(kept.raw) - row * STEP_NS
        raise DataError('The robot does not make the motion of this case.')

    def _score(self, begin_ns: int, end_ns: int) -> RosTrackingRun:
        truth = self._observer.stream('truth')
        first = begin_ns + round(SETTLE * NANOSECONDS)
        rows = (truth.stamp_ns >= first) & (truth.stamp_ns < end_ns)
        reference = self._case.motion.position[(truth.stamp_ns[rows] - begin_ns) // STEP_NS]
        arrival, _ = self._observer.commands()
        begin, end = np.interp([first, end_ns], truth.stamp_ns, truth.arrival)
        commands = np.count_nonzero((arrival >= begin) & (arrival < end))
        prediction = self._observer.diagnostics.get('prediction', {})
        return RosTrackingRun(
            error=reference - truth.position[rows],
            commands_hz=commands * NANOSECONDS / (end_ns - first),
            lost=(end_ns - first) // STEP_NS - int(np.count_nonzero(rows)),
            latency_us={
                name: float(prediction.get(f'latency_us_{name}', 'nan'))
                for name in ('p50', 'p99', 'max')
            },
            missed_ticks=int(prediction.get('missed_ticks', 0)),
            counters={
                name: int(value)
                for name, value in self._observer.diagnostics.get('counters', {}).items()
                if value != '0'
            },
        )


def row_of(motion: Motion, position: Vector) -> int | None:
    """Return the only row of a motion with a position; None if there is none, or several."""
    rows = np.flatnonzero((motion.position == position).all(axis=1))
    return int(rows[0]) if len(rows) == 1 else None
