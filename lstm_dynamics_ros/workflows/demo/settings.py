# SPDX-License-Identifier: Apache-2.0
"""Settings of the demo. No ROS in here, so that the command line can read them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import EXECUTORS


@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """Settings of the demo."""

    robot: str = parameter('arm', 'Embedded robot.')
    model: str = parameter('', 'Model file or name; empty for the forward model of the robot.')
    control_model: str = parameter(
        '',
        'Model file or name that the correction is made from; empty for the residual model of the '
        'robot, none (or a robot that comes without) for predictions only.',
    )
    controller: str = parameter(
        'feedforward_dob', 'What computes the correction; see lstm_dynamics_ros.control.'
    )
    duration: float = parameter(
        20.0,
        'How long to watch once the models are warm: half of it without correction, half with.',
        unit='s',
        minimum=1.0,
        maximum=3600.0,
    )
    payload: float = parameter(
        -1.0,
        'Payload the models know nothing of; a negative one stands for one that was held out of '
        'training (1.89 kg on the arm).',
        unit='kg',
        minimum=-1.0,
        maximum=20.0,
    )
    motion: str = parameter('multi_sine', 'Kind of motion.')
    seed: int = parameter(
        1_000_001_009,
        'Seed of motion and sensor noise; those of training are below 1e9.',
        minimum=0,
        maximum=2**31 - 1,
    )
    speed: float = parameter(0.35, 'Speed of the motion.', minimum=0.01, maximum=1.0)
    executor: str = parameter('events', 'Executor of the nodes.', choices=EXECUTORS)
    patience: float = parameter(
        30.0, 'Longest wait for the first prediction.', unit='s', minimum=1.0, maximum=600.0
    )
