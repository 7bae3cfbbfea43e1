# SPDX-License-Identifier: Apache-2.0
"""Settings of the gate."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter

SAFE_COMMANDS = ('ramp', 'zero', 'hold')
"""ramp: to zero over ``fade_out``; zero: at once; hold: the last one at most 20 ms, then zero."""


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """How much of a computed torque may reach the robot."""

    blend: float = parameter(
        0.1,
        'Share of the computed torque that is let through. A change is ramped.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    enabled_joints: tuple[str, ...] = parameter(
        (),
        'Joints of the model that get torque; empty for all. A change is ramped.',
        reconfigurable=True,
    )
    fade_in: float = parameter(
        1.0,
        'Time from arming to the whole torque, and of a change of blend from 0 to 1.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
        reconfigurable=True,
    )
    fade_out: float = parameter(
        0.1,
        'Time to zero when disarmed with the safe command ramp, and of a change of blend from 1 '
        'to 0.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    safe_command: str = parameter(
        'ramp',
        'What is sent when torque is no longer allowed, before nothing is: a ramp to zero, zero '
        'at once, or the last command for 20 ms and then zero.',
        choices=SAFE_COMMANDS,
        reconfigurable=True,
    )
    max_effort_fraction: float = parameter(
        0.3,
        "Largest output, as a share of the joint's effort limit.",
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    max_effort_rate: float = parameter(
        1000.0,
        'Fastest change of the output.',
        unit='N m/s',
        minimum=0.0,
        reconfigurable=True,
    )
    limit_margin: float = parameter(
        0.05,
        'Distance from a position limit within which nothing pushes outward; it fades from twice '
        'that distance on. At most 5 % of the range of the joint.',
        unit='rad',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    limit_lookahead: float = parameter(
        0.05,
        'How far ahead a moving joint is judged at a position limit.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    energy_budget: float = parameter(
        0.0,
        'Energy that the output may put into the robot before only torque against the motion is '
        'left. 0 sets no budget.',
        unit='J',
        minimum=0.0,
        reconfigurable=True,
    )
    energy_refill: float = parameter(
        0.0,
        'Power that flows back into the energy budget, for what friction takes.',
        unit='W',
        minimum=0.0,
        reconfigurable=True,
    )
    saturation_time: float = parameter(
        1.0,
        'Time without a break at a torque limit after which it counts as sustained.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
