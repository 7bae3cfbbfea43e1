# SPDX-License-Identifier: Apache-2.0
"""What dynamics_node publishes about predictions and about itself."""

from collections.abc import Mapping
import json

from lstm_dynamics_ros.pipeline.pipeline import Step
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.topics.conversions import JointStateMessage, TrajectoryMessage
from lstm_dynamics_ros.ros.topics.interfaces import (
    MODEL_INFO,
    PREDICTED_JOINT_STATES,
    PREDICTED_TRAJECTORY,
    PREDICTION_BOUNDS,
    PREDICTION_ERROR,
    STATE,
    Topic,
)
from lstm_dynamics_ros.safety.state import State, StateMachine
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import String


class Predictions:
    """The publishers of predictions. They are silent while the node is not active.

    Args:
        node: The node they belong to.
        engine: Where the ticks come from, and the settings that say which of them are on.
    """

    def __init__(self, node: LifecycleNode, engine: Engine) -> None:
        self._node = node
        self._joint_states = _publisher(node, PREDICTED_JOINT_STATES)
        self._trajectory = _publisher(node, PREDICTED_TRAJECTORY)
        self._bounds = _publisher(node, PREDICTION_BOUNDS)
        self._error = _publisher(node, PREDICTION_ERROR)
        self.use(engine)

    def use(self, engine: Engine) -> None:
        """Make messages for the model that the engine has now."""
        self._engine = engine
        names = self._joint_names = engine.joint_names
        self._dt_ns = nanoseconds(engine.pipeline.card.dt)
        self._state_message = JointStateMessage(names)
        self._bounds_message = JointStateMessage(names)
        self._error_message = JointStateMessage(names)
        self._trajectory_message = TrajectoryMessage(names, 0, self._dt_ns)
        if engine.unbounded:
            text = f'{PREDICTION_BOUNDS.name} stays silent. {engine.unbounded}'
            self._node.get_logger().info(text)

    def destroy(self) -> None:
        """Take the topics off the graph."""
        for publisher in (self._joint_states, self._bounds, self._trajectory, self._error):
            self._node.destroy_lifecycle_publisher(publisher)

    @property
    def wants_trajectory(self) -> bool:
        """Whether anybody would see a trajectory."""
        on = self._engine.settings.publish_predicted_trajectory
        return on and self._trajectory.get_subscription_count() > 0

    def publish(self, tick: Step) -> None:
        """Publish what a warm model says, as far as it is switched on."""
        settings = self._engine.settings
        if not tick.warm:
            return
        if tick.predicted is not None and settings.publish_predicted_joint_states:
            self._joint_states.publish(self._state_message.fill(*tick.predicted))
        if tick.bounds is not None and settings.publish_prediction_bounds:
            self._bounds.publish(self._bounds_message.fill(*tick.bounds))
        if tick.error is not None and settings.publish_prediction_error:
            self._error.publish(self._error_message.fill(*tick.error))
        if tick.trajectory is not None and settings.publish_predicted_trajectory:
            steps = len(tick.trajectory.stamp_ns)
            if steps != len(self._trajectory_message.points):
                self._trajectory_message = TrajectoryMessage(self._joint_names, steps, self._dt_ns)
            self._trajectory.publish(
                self._trajectory_message.fill(
                    tick.stamp_ns,
                    tick.trajectory.position,
                    tick.trajectory.velocity,
                    effort=tick.trajectory.effort,
                )
            )


class Announcements:
    """``~/state`` and ``~/model_info``: JSON, kept for late subscribers, sent on change."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._state = node.create_publisher(String, STATE.name, STATE.qos)
        self._info = node.create_publisher(String, MODEL_INFO.name, MODEL_INFO.qos)
        self._last: Mapping[str, object] = {}

    def state(self, content: Mapping[str, object]) -> None:
        """Say what the node is doing, if that is new."""
        if content != self._last:
            self._last = dict(content)
            self._state.publish(String(data=json.dumps(content)))

    def model(self, engine: Engine) -> None:
        """Say which model is in use."""
        loaded, pipeline = engine.loaded, engine.pipeline
        card = loaded.card
        content = {
            'name': card.name,
            'path': str(loaded.path),
            'sha256': loaded.sha256,
            'model_kind': card.model_kind,
            'cell': card.cell,
            'num_layers': card.num_layers,
            'hidden_size': card.hidden_size,
            'joint_names': card.joint_names,
            'robot_joint_names': engine.joint_names,
            'joint_types': card.joint_types,
            'features': [signal.name for signal in card.features],
            'targets': [signal.name for signal in card.targets],
            'dt': card.dt,
            'control_period': pipeline.control_period,
            'washout_steps': card.washout_steps,
            'latency_steps': card.latency_steps,
            'effort_semantics': card.effort_semantics,
            'errors': card.errors,
            'bounds': card.bounds,
            'novelty_weights': card.novelty_weights,
            'members': card.members,
            'provenance': card.provenance,
        }
        self._info.publish(String(data=json.dumps(content, default=str)))
        self._node.get_logger().info(
            f'Model {card.name} ({card.model_kind}, {card.cell}) is loaded from {loaded.path}. '
            f'Joints: {", ".join(engine.joint_names)}; steps of {1000 * card.dt:g} ms.'
        )


class StateLog:
    """Says in the log what has changed: a line for each change that a person should know of."""

    def __init__(self, node: Node) -> None:
        self._logger = node.get_logger()
        self._before = State.UNCONFIGURED

    def look(self, machine: StateMachine, engine: Engine | None) -> None:
        """Say what has changed since the last look, if anything.

        Args:
            machine: State of the node.
            engine: The model at work; None without.
        """
        before, state = self._before, machine.state
        if state is before:
            return
        self._before = state
        logger = self._logger
        if state is State.FAULT:
            logger.error(f'Fault: {machine.fault} No torque until ~/reset and ~/arm are called.')
        elif before is State.ARMED:
            reason = engine.pipeline.revoked_because if engine is not None else ''
            if reason:
                logger.warning(f'Disarmed, torque was revoked: {reason}')
            else:
                logger.info('Disarmed. The safe command is sent to its end, then nothing.')
        if state is State.ARMED and engine is not None:
            logger.warning(f'Armed: torque is sent to {engine.settings.command_topic}.')
        elif state is State.MONITORING and before is not State.ARMED:
            logger.info(
                'Monitoring: predictions are valid, nothing is sent to the robot.',
                throttle_duration_sec=1.0,
            )
        elif state is State.INACTIVE and before is not State.UNCONFIGURED:
            logger.info('Deactivated. Joint states are ignored until it is activated again.')


def _publisher(node: LifecycleNode, topic: Topic) -> LifecyclePublisher:
    publisher: LifecyclePublisher = node.create_lifecycle_publisher(
        topic.type,
        topic.name,
        topic.qos,
        # EventsExecutor and Fast DDS may deadlock over event callbacks (rmw_fastrtps#890).
        event_callbacks=PublisherEventCallbacks(use_default_callbacks=False),
        qos_overriding_options=QoSOverridingOptions.with_default_policies(),
    )
    return publisher
