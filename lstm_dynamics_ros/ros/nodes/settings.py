# SPDX-License-Identifier: Apache-2.0
"""Settings of the nodes. No ROS in here, so that the command line and the docs can read them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.pipeline.settings import BuildSettings
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import ExecutorSettings
from lstm_dynamics_ros.safety.torque_watch import WatchSettings

COMMAND_MODES = ('correction', 'full')
COMMAND_TYPES = ('effort_array', 'joint_trajectory')


@dataclass(frozen=True, kw_only=True)
class SinkSettings:
    """Where the command goes, and what becomes of it there."""

    command_topic: str = parameter(
        'effort_controller/commands',
        'Where the command goes: the topic of a controller, or the input of a command_watchdog '
        'before it. Silent until armed.',
    )
    command_type: str = parameter(
        'effort_array',
        'effort_array for effort controllers (std_msgs/Float64MultiArray); joint_trajectory for '
        'a joint trajectory controller, which gets the reference with the effort.',
        choices=COMMAND_TYPES,
    )
    command_mode: str = parameter(
        'correction',
        'What the command is: a correction that the robot adds to its own, or all of the effort.',
        choices=COMMAND_MODES,
    )
    sink_adds: bool = parameter(
        False,
        'Whether what listens on command_topic adds the command to its own. A correction is not '
        'armed without, unless it goes to a joint trajectory controller.',
    )
    controller_topic: str = parameter(
        '',
        'Topic of the controller behind a command_watchdog, so that arming is refused if others '
        'publish there; empty if command_topic is it.',
    )
    controller_joints: tuple[str, ...] = parameter(
        (),
        'Joints of the controller in its order, for one that has no parameter joints; empty asks '
        'it.',
    )


@dataclass(frozen=True, kw_only=True)
class NodeSettings(BuildSettings, SinkSettings, WatchSettings, ExecutorSettings):
    """Settings of dynamics_node: those of its parts, under the same names, and its own."""

    model: str = parameter(
        '',
        'Model file, or the name of a model that comes along. A change counts from the next '
        '~/reload_model on.',
        reconfigurable=True,
    )
    model_sha256: str = parameter(
        '',
        'Digest that the model file must have; empty allows any.',
        reconfigurable=True,
    )
    autostart: bool = parameter(
        True,
        'Configure and activate at start. Set to false under a lifecycle manager.',
    )
    state_timeout: float = parameter(
        0.25,
        'Age of the newest joint state after which they count as lost.',
        unit='s',
        minimum=0.01,
        maximum=60.0,
        reconfigurable=True,
    )
    catch_up: float = parameter(
        0.02,
        'Of messages that come late in a batch spanning no more than this, every prediction is '
        'published; of a longer batch only the newest.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    diagnostics_rate: float = parameter(
        1.0, 'Rate of /diagnostics.', unit='Hz', minimum=0.1, maximum=10.0
    )
    publish_predicted_joint_states: bool = parameter(
        True, 'Publish ~/predicted_joint_states.', reconfigurable=True
    )
    publish_predicted_trajectory: bool = parameter(
        True,
        'Publish ~/predicted_trajectory. It is only computed while somebody subscribes.',
        reconfigurable=True,
    )
    publish_prediction_bounds: bool = parameter(
        True,
        'Publish ~/prediction_bounds, if the model card has bounds.',
        reconfigurable=True,
    )
    publish_prediction_error: bool = parameter(
        True, 'Publish ~/prediction_error.', reconfigurable=True
    )
    reference_timeout: float = parameter(
        0.1,
        'Age of the last point of a reference after which it counts as lost, and nothing is '
        'corrected.',
        unit='s',
        minimum=0.01,
        maximum=10.0,
        reconfigurable=True,
    )
    armed_timeout: float = parameter(
        0.1,
        'Age of the newest joint state after which, while armed, torque is revoked.',
        unit='s',
        minimum=0.01,
        maximum=1.0,
        reconfigurable=True,
    )

    @property
    def longest_silence(self) -> float:
        """Time without a usable joint state after which, while armed, they are lost [s]."""
        return min(self.armed_timeout, self.state_timeout)

    @property
    def longest_delay(self) -> float:
        """How much later than usual a joint state may come while armed [s]: batches included."""
        return self.armed_timeout + self.catch_up


@dataclass(frozen=True, kw_only=True)
class RecorderSettings(ExecutorSettings):
    """Settings of recorder_node."""

    output: str = parameter('', 'Folder of the bag to write. It must not exist yet.')
    duration: float = parameter(
        0.0,
        'Stop this long after the first message; 0 records until Ctrl-C.',
        unit='s',
        minimum=0.0,
    )
    joint_states_topic: str = parameter('joint_states', 'Joint states to record.')
    reference_topic: str = parameter('reference', 'Reference to record; empty for none.')
    command_topic: str = parameter(
        'effort_controller/commands', 'Applied command to record; empty for none.'
    )


@dataclass(frozen=True, kw_only=True)
class SimSettings(ExecutorSettings):
    """Settings of sim_node; those of the hidden physics are ``hidden.*``, preset by the robot."""

    robot: str = parameter('arm', 'Embedded robot, a file in config/robots.')
    motion: str = parameter('mixed', 'Kind of motion; hold for none.')
    seed: int = parameter(0, 'Seed of motion and noise.', minimum=0, maximum=2**31 - 1)
    speed: float = parameter(
        1.0,
        'Speed of the motion; at 1 joints reach velocity_share.',
        minimum=0.01,
        maximum=1.0,
    )
    velocity_share: float = parameter(
        0.7,
        'Share of the velocity limits that the motion reaches at speed 1.',
        minimum=0.01,
        maximum=1.0,
    )
    motion_duration: float = parameter(
        60.0, 'Length of the motion, which is repeated.', unit='s', minimum=4.0, maximum=3600.0
    )
    realtime_factor: float = parameter(
        1.0, 'Simulated seconds per second.', minimum=0.01, maximum=10.0
    )
    publish_clock: bool = parameter(
        False,
        'Publish /clock, and stamp with simulated time that starts at 1 s, instead of wall time.',
    )
    publish_truth: bool = parameter(
        False,
        'Publish ~/true_joint_states, what no sensor sees. For scoring only.',
    )
    reference_preview: float = parameter(
        0.03,
        'How far ahead the published reference reaches, in steps of 10 ms; 0 for one point only.',
        unit='s',
        minimum=0.0,
        maximum=0.5,
    )
    command_topic: str = parameter(
        'effort_controller/commands', 'Effort to add to the base controller.'
    )
    command_cycles: int = parameter(
        0,
        'Cycles of 5 ms after the newest measurement at which a command acts, as in a robot that '
        'looks at its commands once per cycle; 0 for at once.',
        minimum=0,
        maximum=20,
    )
