# SPDX-License-Identifier: Apache-2.0
"""Linear autoregression with exogenous effort, ARX(n): the linear baseline, on the same bags.

The last n rows of all joints' [position, velocity, effort] predict the change to the next row of
the same. One matrix for all joints, so it knows couplings; efforts in causal mode are held or its
own predictions, whichever scores better. A free run that leaves its bounds has diverged: from
there on it forecasts infinity.

Source: L. Ljung, System Identification, 2nd ed. 1999, section 4.2; penalty after A. Hoerl and
R. Kennard, Technometrics 12 (1970) 55.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.atomic_file import unfinished
from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import (
    CAUSAL,
    check_request,
    Forecaster,
    FORECASTERS,
    Forecasts,
    KNOWN_TORQUE,
    Starts,
)
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

KINDS = ('position', 'velocity', 'effort')
"""Order of the channels, each a block of all joints."""

SCALARS = ('dt', 'order', 'strength', 'positions')
"""Numbers among the fields of :class:`ArxWeights`."""

BATCH = 1024
"""Free runs made at once; bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class ArxWeights:
    """A fitted ARX: ``next row = newest row + window @ matrix + offset``."""

    joint_names: tuple[str, ...]
    dt: float
    """Step it was fitted at [s]."""
    order: int
    """Rows in the window, n."""
    matrix: Matrix
    """Shape (order * 3 * n_joints, 3 * n_joints); the window's oldest row first."""
    offset: Vector
    """Shape (3 * n_joints,)."""
    lower: Vector
    """Smallest value a free run may reach, shape (3 * n_joints,)."""
    upper: Vector
    """Largest value a free run may reach, shape (3 * n_joints,)."""
    strength: float
    """Ridge penalty relative to the number of rows."""
    positions: bool
    """Whether it sees where the joints are, not only how they move."""


def channels(segment: Segment) -> Matrix:
    """Return [position, velocity, effort] of all joints side by side, shape (n, 3 * n_joints).

    Continuous joints are unwrapped, so that a full turn is no jump.
    """
    position = segment.position
    for joint in np.flatnonzero(continuous_joints(segment.joint_types)):
        position = position.copy() if position is segment.position else position
        known = np.isfinite(position[:, joint])
        position[known, joint] = np.unwrap(position[known, joint])
    return np.hstack([position, segment.velocity, segment.effort])


@FORECASTERS.register('ridge')
class RidgeArx(Forecaster):
    """Ridge-regressed ARX in free run.

    Args:
        weights: Result of :func:`~lstm_dynamics_ros.evaluation.forecasters.fit_arx.fit_arx`, or
            loaded.
        effort_source: What fills unknown efforts in causal mode, ``held`` or ``predicted``.
    """

    name = 'ridge'

    def __init__(self, weights: ArxWeights, *, effort_source: str = 'held') -> None:
        self.weights = weights
        self.required_steps = weights.order
        self.lookback_steps = weights.order
        self.effort_source = effort_source

    @property
    def chosen(self) -> Mapping[str, Any]:
        """See the base class."""
        return {name: getattr(self.weights, name) for name in ('order', 'strength', 'positions')}

    def candidates(self, mode: str) -> tuple[Forecaster, ...]:
        """See the base class: in causal mode both ways to go on with the effort."""
        if mode == KNOWN_TORQUE:
            return (self,)
        return tuple(RidgeArx(self.weights, effort_source=s) for s in ('held', 'predicted'))

    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        """See the base class.

        Raises:
            JointNamesError: If the segment has other joints than the training data.
            DataError: If the segment is on another time grid.
        """
        weights, order = self.weights, self.weights.order
        if segment.joint_names != weights.joint_names:
            raise JointNamesError(weights.joint_names, segment.joint_names)
        if abs(segment.dt - weights.dt) > 1e-9:
            raise DataError(f'The ridge was fitted at dt {weights.dt} s, got {segment.dt} s.')
        check_request(segment, starts, horizons, mode, order)
        parts = [
            self._run(segment, starts[first : first + BATCH], horizons, mode)
            for first in range(0, len(starts), BATCH)
        ]
        blocks = np.split(np.concatenate(parts), len(KINDS), axis=-1)
        known = KINDS if mode == CAUSAL and self.effort_source == 'predicted' else KINDS[:2]
        return dict(zip(known, blocks, strict=False))

    def _run(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], mode: str
    ) -> NDArray[np.float64]:
        """Return free runs at the horizons, shape (n_starts, n_horizons, 3 * n_joints)."""
        weights, order = self.weights, self.weights.order
        rows, steps = channels(segment), max(horizons)
        effort = slice(2 * segment.position.shape[1], None)
        own_effort = mode == CAUSAL and self.effort_source == 'predicted'
        run = np.empty((len(starts), order + steps, rows.shape[1]))
        run[:, :order] = rows[starts[:, None] + np.arange(1 - order, 1)]
        lost = np.zeros((len(starts), order + steps), np.bool_)
        for k in range(steps):
            window = run[:, k : k + order].reshape(len(starts), -1)
            free = run[:, k + order - 1] + window @ weights.matrix + weights.offset
            outside = (free < weights.lower) | (free > weights.upper)
            outside[:, effort] &= own_effort
            lost[:, k + order] = lost[:, k + order - 1] | outside.any(axis=1)
            run[:, k + order] = np.clip(free, weights.lower, weights.upper)
            if k + 1 == steps:
                break  # The effort of the last row is not needed, and may be past the end.
            if mode == KNOWN_TORQUE:
                run[:, k + order, effort] = segment.effort[starts + k + 1]
            elif not own_effort:
                run[:, k + order, effort] = segment.effort[starts]
        run[lost] = np.inf
        return run[:, order - 1 + np.asarray(horizons)]

    def save(self, path: Path) -> None:
        """Write the weights as npz."""
        with unfinished(path) as part, part.open('wb') as stream:
            np.savez_compressed(stream, **asdict(self.weights))

    @classmethod
    def load(cls, path: Path) -> 'RidgeArx':
        """Read weights written by :meth:`save`.

        Raises:
            DataError: If the file is missing or is none of ours.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                values = {field.name: stored[field.name] for field in fields(ArxWeights)}
            scalars = {name: values[name].item() for name in SCALARS}
            names = tuple(values['joint_names'].tolist())
            weights = ArxWeights(**(values | scalars | {'joint_names': names}))
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f'{path} holds no ridge weights: {error}.') from error
        return cls(weights)
