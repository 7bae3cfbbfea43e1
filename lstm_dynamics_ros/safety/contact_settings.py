# SPDX-License-Identifier: Apache-2.0
"""When unexpected torque counts as contact."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class ContactSettings:
    """When unexpected torque counts as contact."""

    threshold: float = parameter(
        1.8,
        'Unexpected torque that counts as contact if a force at the tool explains it, in units of '
        'its band and over all joints together.',
        minimum=0.1,
        reconfigurable=True,
    )
    unlike: float = parameter(
        0.4,
        'What a force at the tool may leave unexplained, as a share of what it explains.',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    anywhere: float = parameter(
        2.5,
        'So many times the threshold is contact whatever explains it.',
        minimum=1.0,
        reconfigurable=True,
    )
    release: float = parameter(
        0.7,
        'Share of the threshold below which the contact ends.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    confirm_time: float = parameter(
        0.015,
        'How long the torque must stay above the threshold.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    hold_time: float = parameter(
        0.3,
        'How long it must stay below for the contact to end.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
        reconfigurable=True,
    )
    bandwidth: float = parameter(
        60.0,
        'Low-pass of the unexpected torque, against noise of the encoders.',
        unit='rad/s',
        minimum=1.0,
        maximum=10_000.0,
        reconfigurable=True,
    )
    effort_share: float = parameter(
        0.05,
        'Share of the torque a model expects that it may be wrong by; widens the bands.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    lateness: float = parameter(
        0.09,
        'How late what a model expects may be: the faster that changes, the wider the bands.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    max_payload: float = parameter(
        5.0,
        'Largest change of the payload that explains torque, if its direction is known. 0 '
        'explains none.',
        unit='kg',
        minimum=0.0,
        reconfigurable=True,
    )
    min_payload: float = parameter(
        1.0,
        'Smallest payload that is told from contact at once: it comes suddenly, while a force '
        'builds up.',
        unit='kg',
        minimum=0.0,
        reconfigurable=True,
    )
    weight_after: float = parameter(
        1.0,
        'A contact that is like a weight for this long is taken for one, and ends. 0 never does.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
    disarm_after: float = parameter(
        0.0,
        'Take torque back after a contact of this length. 0 never does.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
