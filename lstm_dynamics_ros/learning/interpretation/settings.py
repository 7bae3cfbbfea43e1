# SPDX-License-Identifier: Apache-2.0
"""Settings of a look inside a model. Free of torch, so that the command line can show them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class ExplainSettings:
    """How closely to look."""

    target: str = parameter(
        '',
        'Kind of output to explain: position, velocity or effort. Empty: velocity for a forward '
        'model, effort for another.',
    )
    window: float = parameter(
        0.0,
        'How far back to look; 0 takes one and a half times the washout of the model, at least '
        '40 and at most 600 steps.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )
    moments: int = parameter(
        40, 'Moments of the recordings that are differentiated.', minimum=4, maximum=1000
    )
    threads: int = parameter(
        1, "Threads torch computes with; 0 is torch's own choice.", minimum=0, maximum=256
    )
