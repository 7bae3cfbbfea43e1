# SPDX-License-Identifier: Apache-2.0
"""Base classes of disturbances: curves of error over their size, for any model.

A disturbance of the messages says how a recording reaches the node; the rest is done here. Every
size of it is followed side by side, and compared on the same rows with the undisturbed recording.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol
from zlib import crc32

from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import Answered, Subject
from lstm_dynamics_ros.evaluation.robustness.result import (
    channel_errors,
    ChannelErrors,
    Curve,
    Level,
    pooled,
)
from lstm_dynamics_ros.evaluation.robustness.streams import Messages, place, ReplayTrack
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
import numpy as np
from numpy.typing import NDArray


class Attack(Protocol):
    """Finds the worst disturbance of a bounded size; needs gradients of the model."""

    @property
    def method(self) -> str:
        """How it looks, for people."""

    def __call__(
        self,
        observations: NDArray[np.float32],
        states: Sequence[NDArray[np.float32]],
        target: Matrix,
        weight: Vector,
        bound: Matrix,
        *,
        kind: str,
        effort: Matrix,
        seed: int,
    ) -> NDArray[np.float32]:
        """Return disturbances of the observations, shape (n_steps, n_windows, n_features).

        See :class:`~lstm_dynamics_ros.learning.interpretation.worst_case.WorstCase`, which is one.
        """


Tick = Callable[[str], None]
"""Called with what was done after each step of progress."""


@dataclass(frozen=True, kw_only=True)
class RobustnessCase:
    """A model with its recordings, and what disturbances of them need."""

    subject: Subject
    tracks: Sequence[ReplayTrack]
    sensor_noise: Mapping[str, Vector]
    """By kind, shape (n_joints,)."""
    settings: PipelineSettings
    """How the node takes in joint states."""
    seed: int
    attack: Attack | str
    """Finds the worst disturbance, or why that is left out."""

    @cached_property
    def undisturbed(self) -> list[Answered]:
        """Answers on each track as it is."""
        return [self.subject.ask(track, [track.placed])[0] for track in self.tracks]

    @property
    def asked(self) -> int:
        """How many answers are asked for."""
        return sum(len(track.rows) for track in self.tracks)

    def rng(self, what: str, track: int) -> np.random.Generator:
        """Return the random numbers of one disturbance on one track."""
        return np.random.default_rng([self.seed, crc32(what.encode()), track])


class Perturbation(ABC):
    """One kind of disturbance."""

    name: ClassVar[str]
    unit: ClassVar[str]
    """Of its size."""
    variants: ClassVar[Mapping[str, str]]
    """Title of each curve, by the curve's name."""
    sizes: ClassVar[tuple[float, ...]]
    """Sizes beside 0, the undisturbed recording."""
    order: ClassVar[int]
    """Place in tables and reports."""

    def work(self, case: RobustnessCase) -> int:
        """Return how many steps of progress it takes."""
        return len(self.variants) * len(case.tracks)

    @abstractmethod
    def measure(self, case: RobustnessCase, tick: Tick) -> list[Curve]:
        """Return one curve per variant.

        Args:
            case: What is disturbed.
            tick: Called after every step of progress.
        """

    def notes(self, case: RobustnessCase) -> tuple[str, ...]:  # noqa: ARG002 - for those that have some
        """Return what a reader must know, one sentence each."""
        return ()


PERTURBATIONS: Registry[Perturbation] = Registry('perturbation')
"""All disturbances by name."""


class Request(NamedTuple):
    """One recording that a :class:`MessagePerturbation` is to disturb."""

    recording: Recording
    """What was measured."""
    variant: str
    """One of its variants."""
    size: float
    """How much, in its unit."""
    case: RobustnessCase
    """The model and the robot."""
    rng: np.random.Generator
    """Random numbers, the same for every size."""


class MessagePerturbation(Perturbation):
    """A disturbance of what reaches the node, and of when."""

    @abstractmethod
    def disturb(self, asked: Request) -> Messages:
        """Return what reaches the node."""

    def measure(self, case: RobustnessCase, tick: Tick) -> list[Curve]:
        """See the base class."""
        curves = []
        for variant, title in self.variants.items():
            by_size: list[list[Answered]] = [[] for _ in self.sizes]
            for number, track in enumerate(case.tracks):
                asked = [
                    Request(track.recording, variant, size, case, case.rng(variant, number))
                    for size in self.sizes
                ]
                streams = [
                    place(self.disturb(one), case.subject.loaded.card, case.settings)
                    for one in asked
                ]
                for found, answered in zip(by_size, case.subject.ask(track, streams), strict=True):
                    found.append(answered)
                tick(title)
            levels = [_level(case, 0.0, case.undisturbed)]
            levels += [
                _level(case, size, found) for size, found in zip(self.sizes, by_size, strict=True)
            ]
            curves.append(Curve(name=variant, title=title, unit=self.unit, levels=tuple(levels)))
        return curves


def _level(case: RobustnessCase, size: float, found: Sequence[Answered]) -> Level:
    figures: dict[str, ChannelErrors] = {}
    for channel in case.subject.channels:
        label = channel.label
        figures[label] = channel_errors(
            pooled([item.errors[label] for item in found]),
            pooled([item.errors[label] for item in case.undisturbed]),
            pooled([case.subject.truth(track, channel) for track in case.tracks]),
        )
    label = case.subject.channels[0].label
    there = np.isfinite(pooled([item.errors[label] for item in found])).all(axis=1)
    ages = np.concatenate([item.age for item in found])[there]
    return Level(
        size=size,
        figures=figures,
        answered=float(there.mean()),
        age=float(ages.mean()) if len(ages) else float('nan'),
        restarts=sum(item.restarts for item in found),
        not_finite=sum(item.not_finite for item in found),
    )
