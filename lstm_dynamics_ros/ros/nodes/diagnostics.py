# SPDX-License-Identifier: Apache-2.0
"""``/diagnostics``: how the node is doing, in numbers and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import math
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lstm_dynamics_ros.pipeline.pipeline import Pipeline
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.monitor import Snapshot
from lstm_dynamics_ros.ros.topics.conversions import set_time
from lstm_dynamics_ros.ros.topics.graph import nodes_of_same_name
from lstm_dynamics_ros.ros.topics.interfaces import DIAGNOSTICS
from lstm_dynamics_ros.safety.state import State
from rclpy.node import Node

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)

LARGEST_SKEW = 1.0
"""Difference between stamps and the node's clock that is no cause for worry [s]."""

LEAST_CONFIDENCE = 0.5
"""Confidence while armed that is no cause for worry."""

LARGEST_RATIO = 3.0
"""Prediction error as a multiple of what the model card promises that is no cause for worry."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything one message is made from."""

    node: str
    """Full name of the node."""
    now_ns: int
    """The node's time [ns]."""
    reason: str
    """What is missing for valid predictions; empty if nothing is."""
    skew: float | None
    """Newest stamp minus the node's clock when it came [s]; None before the first."""
    nodes_of_same_name: int
    """Other nodes of the same name."""
    snapshot: Snapshot
    counters: Mapping[str, int]
    """What was commanded and referred to."""


class Diagnostics:
    """Publishes ``/diagnostics``.

    Args:
        node: The node.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(
            DIAGNOSTICS.type, DIAGNOSTICS.name, DIAGNOSTICS.qos
        )

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self._node.destroy_publisher(self._publisher)

    def publish(
        self, engine: Engine, reason: str, skew: float | None, counters: Mapping[str, int]
    ) -> None:
        """Say how the node is doing.

        Args:
            engine: The model at work.
            reason: What is missing for valid predictions; empty if nothing is.
            skew: Newest stamp minus the node's clock when it came [s]; None before the first.
            counters: What was commanded and referred to.
        """
        report = Report(
            node=self._node.get_fully_qualified_name(),
            now_ns=int(self._node.get_clock().now().nanoseconds),
            reason=reason,
            skew=skew,
            nodes_of_same_name=nodes_of_same_name(self._node),
            snapshot=engine.monitor.snapshot(time.monotonic_ns()),
            counters=counters,
        )
        if report.nodes_of_same_name:
            self._node.get_logger().error(
                f'{report.nodes_of_same_name} other node(s) have the name {report.node}. '
                'Give each its own with --ros-args -r __node:=NAME or -r __ns:=/NAMESPACE.',
                throttle_duration_sec=10.0,
            )
        self._publisher.publish(diagnostics(report, engine))


def diagnostics(report: Report, engine: Engine) -> DiagnosticArray:
    """Return one message with a status for each part of the node."""
    loaded, pipeline = engine.loaded, engine.pipeline
    message = DiagnosticArray()
    set_time(message.header.stamp, report.now_ns)
    label = report.node.strip('/')
    hardware = loaded.card.name or loaded.path.name

    def status(part: str, level: bytes, text: str, values: Mapping[str, object]) -> None:
        message.status.append(
            DiagnosticStatus(
                level=level,
                name=f'{label}: {part}',
                message=text,
                hardware_id=hardware,
                values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
            )
        )

    status('joint states', *_joint_states(report, pipeline))
    status('prediction', *_prediction(report, pipeline))
    status('model', OK, loaded.card.name, {'path': loaded.path, 'sha256': loaded.sha256})
    status('output', *_output(engine))
    status('counters', OK, 'since the start', {**pipeline.counters, **report.counters})
    return message


def _joint_states(report: Report, pipeline: Pipeline) -> tuple[bytes, str, dict[str, object]]:
    snapshot = report.snapshot
    values: dict[str, object] = {
        'rate_hz': snapshot.joint_states_hz,
        'age_s': snapshot.age,
        'received': snapshot.joint_states,
        'median_period_s': pipeline.state_input.message_period,
        'clock_skew_s': report.skew,
    }
    if pipeline.machine.state is State.WAITING:
        return STALE if not snapshot.joint_states else ERROR, report.reason, values
    if report.skew is not None and abs(report.skew) > LARGEST_SKEW:
        text = (
            f'Stamps are {report.skew:+.3f} s from the clock of this node. Either use_sim_time '
            'is set on one side only, or the clocks of two machines differ.'
        )
        return WARN, text, values
    return OK, 'receiving', values


def _prediction(report: Report, pipeline: Pipeline) -> tuple[bytes, str, dict[str, object]]:
    snapshot = report.snapshot
    values: dict[str, object] = {
        'state': pipeline.machine.state.value,
        'rate_hz': snapshot.prediction_hz,
        'expected_rate_hz': 1.0 / pipeline.control_period,
        'published': snapshot.predictions,
        'missed_ticks': snapshot.missed_ticks,
        **{f'latency_us_{name}': value for name, value in snapshot.latency_us.items()},
        'error_ratio': snapshot.error_ratio,
        'novelty': pipeline.forecast.uncertainty.novelty,
    }
    if report.nodes_of_same_name:
        text = f'{report.nodes_of_same_name} other node(s) have the name {report.node}.'
        return ERROR, text, values
    if pipeline.machine.state is State.FAULT:
        return ERROR, pipeline.machine.fault, values
    if report.reason:
        return WARN, report.reason, values
    if snapshot.error_ratio > LARGEST_RATIO:
        text = f'Errors are {snapshot.error_ratio:.1f} times those of the model card.'
        return WARN, text, values
    return OK, pipeline.machine.state.value, values


def _output(engine: Engine) -> tuple[bytes, str, dict[str, object]]:
    pipeline, status = engine.pipeline, engine.status()
    output, trust = pipeline.correction_output, pipeline.trust_monitor
    values = {name: status[name] for name in ('controller', 'blend', 'contact', 'payload')}
    values |= {
        'enabled_joints': ' '.join(pipeline.gate.settings.enabled_joints) or 'all',
        'confidence': trust.confidence.value,
        'error_score': trust.confidence.score,
        'contact_score': trust.contact.score,
        'shadow': math.nan if output.explained is None else output.explained,
        'saturated_s': pipeline.gate.saturated_for,
        'energy_j': pipeline.gate.energy,
        'tick_us_p99': 1e6 * (engine.monitor.tick_time or math.nan),
    }
    if output.shadow is not None:
        shares = zip(engine.joint_names, output.shadow.explained, strict=True)
        values |= {f'explained.{name}': float(share) for name, share in shares}
    if pipeline.machine.allows_torque:
        low = trust.confidence.value < LEAST_CONFIDENCE
        if trust.contact.contact or low:
            return WARN, 'armed, in contact' if trust.contact.contact else 'armed, unsure', values
        return OK, 'armed', values
    if pipeline.revoked_because:
        return WARN, f'Torque was revoked: {pipeline.revoked_because}', values
    return OK, 'silent' if pipeline.gate.silent else 'safe command', values


def _text(value: object) -> str:
    return f'{value:.6g}' if isinstance(value, float) else str(value)


def as_table(statuses: Iterable[DiagnosticStatus]) -> dict[str, dict[str, str]]:
    """Return the values of a message by part of the node, for programs that read them."""
    return {
        status.name.rpartition(': ')[2]: {item.key: item.value for item in status.values}
        for status in statuses
    }
