# SPDX-License-Identifier: Apache-2.0
"""Settings of the nodes. No ROS in here, so that the command line and the docs can read them."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from lstm_dynamics_ros.assets import assets
from lstm_dynamics_ros.errors import ConfigError
from lstm_dynamics_ros.parameters import parameter
from lstm_dynamics_ros.pipeline_settings import PipelineSettings
from lstm_dynamics_ros.safety.gate import GateSettings

EXECUTORS = ('events', 'single_threaded')
COMMAND_MODES = ('correction', 'full')


@dataclass(frozen=True, kw_only=True)
class ExecutorSettings:
    """What every node has."""

    executor: str = parameter(
        'events',
        'How callbacks are run. events needs about half the processor time.',
        choices=EXECUTORS,
    )


@dataclass(frozen=True, kw_only=True)
class NodeSettings(PipelineSettings, ExecutorSettings):
    """Settings of dynamics_node: those of the pipeline, under the same names, and its own."""

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
        'Of messages that come late in a bunch spanning no more than this, every prediction is '
        'published; of a longer bunch only the newest.',
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
    publish_prediction_error: bool = parameter(
        True, 'Publish ~/prediction_error.', reconfigurable=True
    )
    controller: str = parameter(
        'none', 'What computes the correction; see lstm_dynamics_ros.control.'
    )
    command_topic: str = parameter(
        'effort_controller/commands', 'Where the correction goes. Silent until armed.'
    )
    command_mode: str = parameter(
        'correction',
        'What the command is: a correction that the robot adds to its own, or all of the effort.',
        choices=COMMAND_MODES,
    )
    sink_adds: bool = parameter(
        False,
        'Whether what listens on command_topic adds the command to its own. A correction is not '
        'armed without.',
    )
    gate: GateSettings = field(default_factory=GateSettings)

    @property
    def pipeline(self) -> PipelineSettings:
        """The part that the pipeline needs."""
        names = [item.name for item in fields(PipelineSettings)]
        return PipelineSettings(**{name: getattr(self, name) for name in names})


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
        1.0, 'Speed of the motion; at 1 joints reach 70 % of their limits.',
        minimum=0.01, maximum=1.0,
    )  # fmt: skip
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
    command_topic: str = parameter(
        'effort_controller/commands', 'Effort to add to the base controller.'
    )


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """Settings of the demo."""

    robot: str = parameter('arm', 'Embedded robot.')
    model: str = parameter('', 'Model file or name; empty for the forward model of the robot.')
    duration: float = parameter(
        20.0, 'How long to watch once the model is warm.', unit='s', minimum=1.0, maximum=3600.0
    )
    payload: float = parameter(
        -1.0,
        'Payload the model knows nothing of; a negative one stands for one that was held out of '
        'training (1.89 kg on the arm).',
        unit='kg', minimum=-1.0, maximum=20.0,
    )  # fmt: skip
    motion: str = parameter('multi_sine', 'Kind of motion.')
    seed: int = parameter(
        1_000_001_009,
        'Seed of motion and sensor noise; those of training are below 1e9.',
        minimum=0, maximum=2**31 - 1,
    )  # fmt: skip
    speed: float = parameter(0.35, 'Speed of the motion.', minimum=0.01, maximum=1.0)
    executor: str = parameter('events', 'Executor of the nodes.', choices=EXECUTORS)
    patience: float = parameter(
        30.0, 'Longest wait for the first prediction.', unit='s', minimum=1.0, maximum=600.0
    )


def find_model(text: str) -> Path:
    """Return the model file meant by a path, or by the name of a model that comes along.

    Raises:
        ConfigError: If it is empty. Whether the file can be used is checked at load.
    """
    shipped = assets('models', '*.onnx')
    if not text:
        known = ', '.join(sorted(shipped)) or 'none'
        raise ConfigError(
            'The parameter model is empty. Give the path of an ONNX file exported with '
            f'lstm-dynamics train, or one of the models that come along: {known}.'
        )
    return shipped.get(text, Path(text).expanduser())
