# SPDX-License-Identifier: Apache-2.0
"""Joint states that come late, by a different time each.

Delays are uniform between 0 and the size. The transport keeps the order: a message that was held
up holds up those behind it, as in one DDS writer's queue. With true stamps only the time at which
something is known changes; the grid is the same. A driver that stamps what it has at the time of
reception puts every value in the wrong place of the grid as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.base import (
    Case,
    MessagePerturbation,
    PERTURBATIONS,
)
from lstm_dynamics_ros.evaluation.robustness.placing import Messages
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np


@PERTURBATIONS.register('jitter')
class Jitter(MessagePerturbation):
    """Random delays of the messages."""

    name = 'jitter'
    unit = 'steps, largest delay'
    variants: ClassVar[Mapping[str, str]] = {
        'jitter_arrival': 'Messages delayed, with true stamps',
        'jitter_stamp': 'Messages delayed, and stamped on arrival',
    }
    sizes = (0.5, 1.0, 2.0, 3.0)
    order = 2

    def disturb(
        self,
        recording: Recording,
        variant: str,
        size: float,
        case: Case,
        rng: np.random.Generator,
    ) -> Messages:
        """See the base class."""
        longest = size * nanoseconds(case.subject.loaded.card.dt)
        late = np.round(longest * rng.random(len(recording))).astype(np.int64)
        arrival = np.maximum.accumulate(recording.stamp_ns + late)
        if variant == 'jitter_stamp':
            recording = replace(recording, stamp_ns=arrival)
        return Messages(recording, arrival)

    def notes(self, case: Case) -> tuple[str, ...]:  # noqa: ARG002 - the same for all
        """See the base class."""
        return (
            'An answer is the one that is there half a step after the undisturbed one would be: '
            'from what is known then, a forward model looks as much further ahead, and an '
            'inverse model holds its last effort. Age is how much older that is, in steps.',
        )
