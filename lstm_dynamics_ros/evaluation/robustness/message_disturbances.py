# SPDX-License-Identifier: Apache-2.0
"""Disturbances of messages: noise on what they say, loss, and delay.

Noise is white and a multiple of the sensors' own, on every measured signal. What is bridged, held
and forgotten where messages are lost is up to the time grid of the node: shorter gaps become a
straight line once the next message is there, longer ones clear the model's memory. Bursts follow
the two-state chain of E. Gilbert, Bell System Technical Journal 39 (1960) 1253.

Delays are uniform between 0 and the size. The transport keeps the order: a message that was held
up holds up those behind it, as in one DDS writer's queue. With true stamps only the time at which
something is known changes; the grid is the same. A driver that stamps what it has at the time of
reception puts every value in the wrong place of the grid as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lstm_dynamics_ros.data.recording import KINDS
from lstm_dynamics_ros.evaluation.robustness.base import (
    MessagePerturbation,
    PERTURBATIONS,
    Request,
    RobustnessCase,
)
from lstm_dynamics_ros.evaluation.robustness.noise_level import message_steps, picked
from lstm_dynamics_ros.evaluation.robustness.streams import as_recorded, Messages
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np
from numpy.typing import NDArray

BURST_STEPS = 3.0
"""Mean length of a burst [steps of the model]."""


@PERTURBATIONS.register('noise')
class Noise(MessagePerturbation):
    """Gaussian noise on top of what is there, independent of message and joint.

    A velocity that the node derives from positions gets the noise of those and none of its own.
    """

    name = 'noise'
    unit = "x the sensors' own noise"
    variants: ClassVar[Mapping[str, str]] = {'noise': 'Noise added to every measured signal'}
    sizes = (1.0, 2.0, 3.0, 5.0)
    order = 0

    def disturb(self, asked: Request) -> Messages:
        """See the base class."""
        noisy = {}
        for kind in KINDS:
            clean = getattr(asked.recording, kind)
            level = np.nan_to_num(asked.case.sensor_noise[kind])
            noisy[kind] = clean + asked.size * level * asked.rng.standard_normal(clean.shape)
        return as_recorded(replace(asked.recording, **noisy))

    def notes(self, case: RobustnessCase) -> tuple[str, ...]:
        """See the base class."""
        levels = '; '.join(
            f'{kind} {" ".join(f"{value:.2g}" for value in case.sensor_noise[kind])}'
            for kind in KINDS
            if np.isfinite(case.sensor_noise[kind]).any()
        )
        return (
            "The sensors' own noise is the median magnitude of sixth differences over 0.6745 "
            f'sqrt(924), and at least one count over sqrt(12), in SI units: {levels}.',
        )


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

    def disturb(self, asked: Request) -> Messages:
        """See the base class."""
        recording, length = asked.recording, 1.0
        if asked.variant == 'dropped_burst':
            length = BURST_STEPS * message_steps(recording, asked.case.subject.loaded.card.dt)
        lost = losses(asked.rng.random(len(recording)), asked.size / 100, length)
        return as_recorded(picked(recording, np.flatnonzero(~lost)))

    def notes(self, case: RobustnessCase) -> tuple[str, ...]:
        """See the base class."""
        steps = message_steps(case.tracks[0].recording, case.subject.loaded.card.dt)
        return (
            f'Messages come {steps} to a step of the model. Gaps of up to '
            f'{case.settings.max_gap_steps} steps are bridged by a straight line once the next '
            'message is there; longer ones clear the memory, and until it is warm again nothing '
            'is answered.',
        )


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

    def disturb(self, asked: Request) -> Messages:
        """See the base class."""
        recording = asked.recording
        longest = asked.size * nanoseconds(asked.case.subject.loaded.card.dt)
        late = np.round(longest * asked.rng.random(len(recording))).astype(np.int64)
        arrival = np.maximum.accumulate(recording.stamp_ns + late)
        if asked.variant == 'jitter_stamp':
            recording = replace(recording, stamp_ns=arrival)
        return Messages(recording, arrival)

    def notes(self, case: RobustnessCase) -> tuple[str, ...]:  # noqa: ARG002 - the same for all
        """See the base class."""
        return (
            'An answer is the one that is there half a step after the undisturbed one would be: '
            'from what is known then, a forward model looks as much further ahead, and an '
            'inverse model holds its last effort. Age is how much older that is, in steps.',
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
