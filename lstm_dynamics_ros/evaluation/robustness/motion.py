# SPDX-License-Identifier: Apache-2.0
"""An inverse model for control: asked about a motion to come, told what was measured so far.

The motion that is asked about is what the robot will do one latency later, as training has it:
through a zero-phase filter. It is the reference and cannot be disturbed. The disturbance of the
messages goes into what the node measures: the low-passed effort beyond the rigid-body prior.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.reference import Reference
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.robustness.answers import Channel, Subject
from lstm_dynamics_ros.evaluation.robustness.following import Tensor
from lstm_dynamics_ros.evaluation.robustness.placing import Placed
from lstm_dynamics_ros.evaluation.robustness.track import Track
from lstm_dynamics_ros.physics.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.pipeline.model_inputs import MotionInput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np
from numpy.typing import NDArray

CUTOFF = 12.0
"""Cut-off of the zero-phase low-pass of motion and effort, as in training [Hz]."""


class MotionSubject(Subject):
    """The effort beyond the prior, one latency ahead.

    Args:
        loaded: A model that is asked about whole motions.
        max_age: Oldest point that an answer may rest on [steps].
        prior: Rigid-body prior of the card; None if it has none.

    Raises:
        ConfigError: If the card has a prior and none is given.
    """

    runs_on = False
    channels = (Channel('effort', 0),)
    measured = ('disturbance',)

    def __init__(self, loaded: LoadedModel, max_age: int, prior: Prior | None) -> None:
        super().__init__(loaded, max_age)
        self._prior = prior
        self._known: dict[str, tuple[Matrix, ...]] = {}
        self._input()  # refuses a missing prior at once

    @property
    def horizon(self) -> int:
        """See the base class."""
        return self.loaded.card.latency_steps

    def truth(self, track: Track, channel: Channel) -> Matrix:
        """See the base class."""
        del channel  # There is only one.
        return self._motion(track)[3][track.rows + self.horizon]

    def observations(self, track: Track, stream: Placed) -> list[Vector]:
        """See the base class."""
        made, clean = self._input(), self._motion(track)
        stamp_ns = nanoseconds(self.loaded.card.dt)
        rows = np.searchsorted(track.placed.numbers, stream.numbers + self.horizon)
        rows = np.minimum(rows, len(track.placed.numbers) - 1)
        there = track.placed.numbers[rows] == stream.numbers + self.horizon
        seen = []
        for point, row, known in zip(stream.points, rows.tolist(), there.tolist(), strict=True):
            if point.restarted:
                made.reset()
            motion = [part[row] for part in clean[:3]]
            preview = None
            if known and np.isfinite(motion).all():
                preview = Reference((point.index + self.horizon) * stamp_ns, *motion)
            seen.append(made.observe(point.state, preview).copy())
        return seen

    def answers(
        self,
        track: Track,
        rows: NDArray[np.int64],
        age: NDArray[np.int64],
        told: Matrix,
        states: Sequence[Tensor],
    ) -> dict[str, Matrix]:
        """See the base class."""
        del track, rows, age, states  # The last answer is held, whatever its age.
        return {self.channels[0].label: told}

    def _input(self) -> MotionInput:
        card = self.loaded.card
        return MotionInput(card, self._prior, card.latency_steps * nanoseconds(card.dt))

    def _motion(self, track: Track) -> tuple[Matrix, ...]:
        """Return position, velocity, acceleration and effort beyond the prior, filtered.

        Each has shape (n_points, n_joints), with NaN in stretches too short for the filter.
        """
        name = track.recording.name
        if name not in self._known:
            made = [np.full_like(track.signals['position'], np.nan) for _ in range(4)]
            starts = [i for i, point in enumerate(track.placed.points) if point.restarted]
            for first, last in zip(starts, [*starts[1:], len(track.placed.points)], strict=True):
                if last - first > padding():
                    part = slice(first, last)
                    for rows, found in zip(made, self._stretch(track, part), strict=True):
                        rows[part] = found
            self._known[name] = tuple(made)
        return self._known[name]

    def _stretch(self, track: Track, part: slice) -> tuple[Matrix, ...]:
        """Return what :meth:`_motion` does of rows without a gap."""
        card = self.loaded.card
        wraps = [kind == 'continuous' for kind in card.joint_types]
        motion = smoothed_motion(
            track.signals['position'][part], card.dt, CUTOFF, continuous=wraps
        )
        (effort,) = smoothed_motion(track.signals['effort'][part], card.dt, CUTOFF, order=0)
        if self._prior is not None:
            rows = zip(*motion, strict=True)
            effort = effort - np.array([self._prior.torque(*row) for row in rows])
        return (*motion, effort)
