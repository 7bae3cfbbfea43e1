# SPDX-License-Identifier: Apache-2.0
"""Settings of the identification of a robot."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class IdentifySettings:
    """How parameters are identified."""

    cutoff: float = parameter(
        0.0,
        'Cut-off of the zero-phase low-pass of motion and effort; 0 takes four times the '
        'bandwidth of the motion.',
        unit='Hz',
        minimum=0.0,
    )
    folds: int = parameter(
        6,
        'Parts that are held out in turn: trajectories, or blocks of few.',
        minimum=2,
        maximum=50,
    )
    rotor: bool = parameter(True, 'Identify the inertia of the rotors, seen at the joints.')
    offset: bool = parameter(True, 'Identify a constant offset of each effort.')
    asymmetric: bool = parameter(
        False, 'Let viscous friction differ between the two directions of a joint.'
    )
    springs: bool = parameter(
        False,
        "Explain effort by each joint's own position beside (springs, cables, balancing): it is "
        'then taken for none of the links. It is not part of the robot that is written; a model '
        'that is fed the effort of the rigid body learns it.',
    )
    feasible: bool = parameter(
        True, 'Keep the inertia of every link that of a body of positive density.'
    )
    strength: float = parameter(
        0.0,
        'How strongly parameters are drawn to the URDF: they scatter about it by 1/sqrt of this '
        'times their usual size; 0 chooses by held-out parts.',
        minimum=0.0,
    )
    share: float = parameter(
        0.0,
        'Velocity over which the sign of Coulomb friction is smoothed, in standard deviations of '
        "a joint's velocity; 0 chooses by held-out parts.",
        minimum=0.0,
        maximum=10.0,
    )
