# SPDX-License-Identifier: Apache-2.0
"""Settings of the excitation."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class ExcitationSettings:
    """How a robot is excited."""

    duration: float = parameter(
        30.0, 'Length of one trajectory.', unit='s', minimum=12.0, maximum=600.0
    )
    trajectories: int = parameter(
        10, 'How many; whole ones are held out of training.', minimum=1, maximum=1000
    )
    seed: int = parameter(
        0, 'The same seed gives the same trajectories.', minimum=0, maximum=2**31 - 1
    )
    base_frequency: float = parameter(
        0.06, 'Base frequency of the multi-sine.', unit='Hz', minimum=0.01, maximum=2.0
    )
    harmonics: int = parameter(
        12, 'Sines per joint, at multiples of the base frequency.', minimum=1, maximum=50
    )
    share: float = parameter(
        0.5, 'How much of the way from home to its limits a joint uses.', minimum=0.0, maximum=0.95
    )
    amplitude: tuple[float, ...] = parameter(
        (),
        'Largest excursion from home in rad or m: one for all joints or one for each; none for '
        'what share allows. Needed for joints without ends.',
    )
    speed_share: float = parameter(
        0.5, 'Largest speed as a share of the velocity limit.', minimum=0.01, maximum=0.95
    )
    slow_share: float = parameter(
        0.05,
        'Largest speed of the slow reversals as a share of the other speeds.',
        minimum=0.005,
        maximum=1.0,
    )
    effort_share: float = parameter(
        0.6,
        'Largest effort by the rigid-body model as a share of the effort limit; the rest is for '
        'what that model does not know.',
        minimum=0.05,
        maximum=0.95,
    )
    rise: float = parameter(
        0.5,
        'No joint gets to its velocity limit faster than this, whatever its acceleration limit.',
        unit='s',
        minimum=0.05,
        maximum=10.0,
    )
    scale: float = parameter(
        1.0,
        'Shrinks excursion and speed of everything. Start small: 0.1 first, then 0.3, then 1.',
        minimum=0.01,
        maximum=1.0,
    )
    restarts: int = parameter(
        20,
        'Multi-sines tried per trajectory; the best conditioned is kept.',
        minimum=1,
        maximum=1000,
    )
