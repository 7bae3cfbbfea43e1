# SPDX-License-Identifier: Apache-2.0
"""Joint states that never arrive: one by one, and in bursts.

What is bridged, held and forgotten is up to the time grid of the node: shorter gaps become a
straight line once the next message is there, longer ones clear the model's memory. Bursts follow
the two-state chain of E. Gilbert, Bell System Technical Journal 39 (1960) 1253.
"""

from collections.abc import Mapping
from typing import ClassVar

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.base import (
    Case,
    MessagePerturbation,
    PERTURBATIONS,
)
from lstm_dynamics_ros.evaluation.robustness.noise_level import message_steps
from lstm_dynamics_ros.evaluation.robustness.placing import as_recorded, Messages
import numpy as np
from numpy.typing import NDArray

BURST_STEPS = 3.0
"""Mean length of a burst [steps of the model]."""


@PERTURBATIONS.register('dropped')
class Dropped(MessagePerturbation):
    """Messages lost at random."""

    name = 'dropped'
    unit = '% of messages lost'
    variants: ClassVar[Mapping[str, str]] = {
        'dropped_single': 'Messages lost one by one',
        'dropped_burst': f'Messages lost in bursts, {BURST_STEPS:g} steps long on average',
    }
    sizes = (1.0, 5.0, 10.0, 20.0)
    order = 1

    def disturb(
        self,
        recording: Recording,
        variant: str,
        size: float,
        case: Case,
        rng: np.random.Generator,
    ) -> Messages:
        """See the base class."""
        draws = rng.random(len(recording))
        length = 1.0
        if variant == 'dropped_burst':
            length = BURST_STEPS * message_steps(recording, case.subject.loaded.card.dt)
        lost = losses(draws, size / 100, length)
        messages = as_recorded(recording)
        kept = recording.rows(0, len(recording))
        rows = np.flatnonzero(~lost)
        return Messages(_only(kept, rows), messages.arrival_ns[rows])

    def notes(self, case: Case) -> tuple[str, ...]:
        """See the base class."""
        steps = message_steps(case.tracks[0].recording, case.subject.loaded.card.dt)
        return (
            f'Messages come {steps} to a step of the model. Gaps of up to '
            f'{case.settings.max_gap_steps} steps are bridged by a straight line once the next '
            'message is there; longer ones clear the memory, and until it is warm again nothing '
            'is answered.',
        )


def losses(draws: NDArray[np.float64], share: float, length: float) -> NDArray[np.bool_]:
    """Return which messages are lost, shape (n,).

    Args:
        draws: Uniform in [0, 1), shape (n,).
        share: Share that is lost on average, < 1.
        length: Mean length of a burst [messages]; 1 loses each on its own account.
    """
    if length <= 1.0:
        return draws < share
    end = 1.0 / length
    begin = share / (length * (1.0 - share))
    lost = np.zeros(len(draws), bool)
    bad = False
    for number, draw in enumerate(draws.tolist()):
        bad = draw >= end if bad else draw < begin
        lost[number] = bad
    return lost


def _only(recording: Recording, rows: NDArray[np.int64]) -> Recording:
    return Recording(
        name=recording.name,
        joint_names=recording.joint_names,
        joint_types=recording.joint_types,
        stamp_ns=recording.stamp_ns[rows],
        position=recording.position[rows],
        velocity=recording.velocity[rows],
        effort=recording.effort[rows],
    )
