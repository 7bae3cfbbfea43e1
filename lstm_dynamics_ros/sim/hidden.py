# SPDX-License-Identifier: Apache-2.0
"""What the embedded robot does and its nominal model does not know."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class HiddenPhysics:
    """The hidden physics of an embedded robot. The defaults here are those of an ideal robot.

    Each robot file brings its own values under ``hidden:``.
    """

    payload: float = parameter(
        0.0, 'Mass of the unknown payload.', unit='kg', minimum=0.0, maximum=20.0
    )
    friction_scale: float = parameter(
        1.0, 'Factor on all friction of the robot file.', minimum=0.0, maximum=10.0
    )
    cogging_scale: float = parameter(
        1.0, 'Factor on the torque ripple of the robot file.', minimum=0.0, maximum=10.0
    )
    lag: float = parameter(
        0.0, 'First-order lag of the drive torque.', unit='s', minimum=0.0, maximum=0.1
    )
    delay: float = parameter(
        0.0,
        'Dead time of the drive torque, rounded to whole physics steps.',
        unit='s',
        minimum=0.0,
        maximum=0.1,
    )
    encoder_bits: int = parameter(
        24, 'Encoder counts per turn as a power of two.', minimum=8, maximum=30
    )
    encoder_noise: float = parameter(
        0.0, 'Standard deviation of the encoder noise [counts].', minimum=0.0, maximum=100.0
    )
    velocity_cutoff: float = parameter(
        200.0,
        'Cut-off frequency of the velocity filter.',
        unit='Hz',
        minimum=1.0,
        maximum=500.0,
    )
    maxwell_slip: bool = parameter(
        default=False,
        description='Adds elasto-plastic gear compliance, whose hysteresis does not fade.',
    )
