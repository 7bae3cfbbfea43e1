# SPDX-License-Identifier: Apache-2.0
"""Settings of export. Free of torch, so that the command line can show them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.card import EFFORT_SEMANTICS
from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """Entries of the model card that training does not know."""

    name: str = parameter('model', 'Name of the model, for people.')
    effort_semantics: str = parameter(
        'joint_torque', 'What the effort in the recordings was.', choices=EFFORT_SEMANTICS
    )
    driver_compensates: tuple[str, ...] = parameter(
        (), "What the robot's own driver already adds: gravity, friction, ..."
    )
    effort_limits: tuple[float, ...] = parameter(
        (), 'Largest effort per joint; empty where unknown.', unit='N m or N'
    )
    latency_steps: int = parameter(
        1,
        'Steps from a measurement to the moment a correction acts; see lstm-dynamics latency.',
        unit='steps',
        minimum=0,
    )
    drive_delay: float = parameter(
        0.0,
        "Part of the latency that lies in the drives, after the robot's own command.",
        unit='s',
        minimum=0.0,
        maximum=0.5,
    )
    dt_tolerance: float = parameter(
        0.1, 'Largest relative deviation of the message period from dt.', minimum=0.0, maximum=1.0
    )
    velocity_source: str = parameter(
        'measured', 'Where the velocity came from.', choices=('measured', 'derived')
    )
    licence: str = parameter('Apache-2.0', 'Licence of the model file.')
