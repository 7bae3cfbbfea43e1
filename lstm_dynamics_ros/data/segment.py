# SPDX-License-Identifier: Apache-2.0
"""A recording on the model's time grid, cut where data is missing.

The values are made by the same :class:`~lstm_dynamics_ros.signals.time_grid.GridSampler` as in the
node, message by message, so that a model is trained on exactly the numbers it will see.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import JointState, Matrix, NANOSECONDS
from lstm_dynamics_ros.data.recording import check_shapes, KINDS, Recording
from lstm_dynamics_ros.data.state_rows import StateRows
from lstm_dynamics_ros.signals.time_grid import continuous_joints, GridSampler
import numpy as np
from numpy.typing import NDArray

USUAL_STEP = 0.005
"""Step that fast recordings are thinned to unless another is asked for [s]."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of a trajectory without gaps, one row per grid point.

    Matrices have shape (n_steps, n_joints), with NaN where nothing was measured.
    """

    name: str
    """Name of the trajectory it is from."""
    joint_names: tuple[str, ...]
    """Joint names, in the order of the columns."""
    joint_types: tuple[str, ...]
    """Type of each joint."""
    dt: float
    """Step of the grid [s]."""
    start_index: int
    """Number of the grid point of the first row; its stamp is ``start_index * dt``."""
    position: Matrix
    """Joint positions [rad] or [m]."""
    velocity: Matrix
    """Joint velocities [rad/s] or [m/s]."""
    effort: Matrix
    """Joint efforts [N m] or [N]."""
    filled: NDArray[np.bool_]
    """Which rows bridge missing messages, shape (n_steps,)."""

    def __post_init__(self) -> None:
        check_shapes(self, KINDS, len(self.filled))

    def __len__(self) -> int:
        return len(self.filled)

    @property
    def duration(self) -> float:
        """Time it covers [s]."""
        return len(self) * self.dt

    def rows(self, start: int, stop: int) -> 'Segment':
        """Return part of the segment, from row ``start`` up to, not including, ``stop``."""
        start, stop, _ = slice(start, stop).indices(len(self))
        return replace(
            self,
            start_index=self.start_index + start,
            filled=self.filled[start:stop],
            **{name: getattr(self, name)[start:stop] for name in KINDS},
        )


class Gridded(NamedTuple):
    """What became of a recording on the grid."""

    segments: list[Segment]
    """The gap-free stretches, in time order."""
    counters: dict[str, int]
    """What the sampler met, see :class:`~lstm_dynamics_ros.signals.time_grid.GridSampler`."""


def grid(
    recording: Recording, dt: float, *, max_gap_steps: int = 5, derive_velocity: bool = False
) -> Gridded:
    """Place a recording on the time grid.

    Args:
        recording: What was measured.
        dt: Step of the grid [s].
        max_gap_steps: Longest distance between two messages that is bridged [steps].
        derive_velocity: Replace the velocity by the change of position over dt.
    """
    continuous = continuous_joints(recording.joint_types)
    sampler = GridSampler(
        dt,
        max_gap_steps=max_gap_steps,
        continuous=continuous if continuous.any() else None,
        derive_velocity=derive_velocity,
    )
    pieces: list[_Piece] = []
    signals = zip(recording.position, recording.velocity, recording.effort, strict=True)
    for stamp_ns, row in zip(recording.stamp_ns, signals, strict=True):
        for point in sampler.push(JointState(int(stamp_ns), *row)):
            if point.restarted:
                pieces.append(_Piece(point.index, bytearray(), StateRows()))
            pieces[-1].filled.append(point.filled)
            pieces[-1].states.append(point.state)
    return Gridded([_segment(recording, dt, piece) for piece in pieces], sampler.counters)


def segments(
    recording: Recording, dt: float, *, max_gap_steps: int = 5, derive_velocity: bool = False
) -> list[Segment]:
    """Return the gap-free stretches of a recording on the time grid, see :func:`grid`."""
    made = grid(recording, dt, max_gap_steps=max_gap_steps, derive_velocity=derive_velocity)
    return made.segments


def natural_step(recordings: Sequence[Recording]) -> float:
    """Return the step of a time grid that suits recordings [s].

    Their usual period, rounded to 0.1 ms; of faster recordings the multiple of it that is nearest
    to :data:`USUAL_STEP`.

    Raises:
        DataError: If no recording has two stamps.
    """
    steps = [np.diff(item.stamp_ns) for item in recordings]
    rising = [step[step > 0] for step in steps]
    if not any(len(step) for step in rising):
        raise DataError('The recordings have no two stamps to take a period from.')
    period = float(np.median(np.concatenate(rising))) / NANOSECONDS
    return round(max(1, round(USUAL_STEP / period)) * period, 4)


def longest(items: Sequence[Segment]) -> float:
    """Return the duration of the longest segment [s], 0 if there is none."""
    return max((item.duration for item in items), default=0.0)


class _Piece(NamedTuple):
    """A segment while it grows."""

    start_index: int
    filled: bytearray
    states: StateRows


def _segment(recording: Recording, dt: float, piece: _Piece) -> Segment:
    return Segment(
        name=recording.name,
        joint_names=recording.joint_names,
        joint_types=recording.joint_types,
        dt=dt,
        start_index=piece.start_index,
        filled=np.array(piece.filled, bool),
        **piece.states.signals(),
    )
