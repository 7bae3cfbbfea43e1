# SPDX-License-Identifier: Apache-2.0
"""Messages as the node takes them in: through its own state input, known when they come."""

from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import RawSample, Stamps
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
from numpy.typing import NDArray


class Messages(NamedTuple):
    """What reaches the node."""

    recording: Recording
    """Values and header stamps, in the order of arrival."""
    arrival_ns: Stamps
    """When each arrives [ns], shape (n_messages,), never falling."""


class Placed(NamedTuple):
    """The grid points that messages complete."""

    points: list[GridPoint]
    """In the order they are completed; their index rises."""
    numbers: NDArray[np.int64]
    """Number of each point, shape (n_points,)."""
    known_ns: Stamps
    """When the message came that completed it [ns], shape (n_points,)."""

    def newest(self, index: NDArray[np.int64], due_ns: Stamps) -> NDArray[np.int64]:
        """Return the newest point that is known in time and not later than asked.

        Args:
            index: Number of the grid points asked for, shape (n,).
            due_ns: When an answer is due [ns], shape (n,).

        Returns:
            Places in :attr:`points`, shape (n,); -1 where nothing is known yet.
        """
        by_time = np.searchsorted(self.known_ns, due_ns, side='right')
        by_index = np.searchsorted(self.numbers, index, side='right')
        return np.asarray(np.minimum(by_time, by_index) - 1, np.int64)


def as_recorded(recording: Recording) -> Messages:
    """Return the messages of a recording, each arriving at its stamp."""
    return Messages(recording, recording.stamp_ns)


def place(messages: Messages, card: ModelCard, settings: PipelineSettings) -> Placed:
    """Put messages on the model's time grid with the state input of the node.

    A clock that is set back would give a grid point twice; only the part before it is used.
    """
    taken = StateInput(card, settings)
    points: list[GridPoint] = []
    known: list[int] = []
    source = messages.recording
    signals = (source.position, source.velocity, source.effort)
    rows = zip(source.stamp_ns.tolist(), *signals, messages.arrival_ns.tolist(), strict=True)
    for stamp_ns, position, velocity, effort, arrival_ns in rows:
        done = taken.place(RawSample(stamp_ns, source.joint_names, position, velocity, effort))
        if done and points and done[0].index < points[-1].index:
            break
        if done and points and done[0].index == points[-1].index:
            done = done[1:]  # A jump that was believed starts the grid anew within one step.
        points += done
        known += [arrival_ns] * len(done)
    numbers = np.array([point.index for point in points], np.int64)
    return Placed(points, numbers, np.array(known, np.int64))
