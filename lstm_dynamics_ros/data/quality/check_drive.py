# SPDX-License-Identifier: Apache-2.0
"""Checks by a robot model whether the effort is joint torque, or a current or before the gear.

Per joint the one factor is fitted that the model's torque must be multiplied with to explain the
effort best, friction and a constant aside.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.quality.finding import Finding, listed, warning
from lstm_dynamics_ros.data.quality.joint_summary import (
    friction_columns,
    LeastSquares,
    Spread,
    steadied,
    Steady,
)
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
from numpy.typing import NDArray

Torque = Callable[[Matrix, Matrix, Matrix], Matrix]
"""Torque by a robot model of positions, velocities and accelerations, all (n_steps, n_joints)."""

FEWEST_ROWS = 50
"""With fewer rows nothing is fitted."""

NEAR_ONE = (0.5, 2.0)
"""A factor within is an error of the robot model, not another quantity."""

MUCH_BETTER = 0.7
"""The factor must leave less than this share of what is left without it: half the power."""

CURRENT = 'motor_current'
"""Effort semantics of a driver that reports currents."""


class DriveFactor(NamedTuple):
    """How the effort of one joint follows from the torque of a robot model."""

    joint: str
    """Name of the joint."""
    factor: float
    """Effort per torque of the model, in units of the effort per N m or N."""
    before: float
    """RMS of what is left of the effort if the factor is one, friction and constant fitted."""
    after: float
    """RMS of what is left with the fitted factor."""
    without: float
    """RMS of what friction and constant alone leave."""

    @property
    def torque_per_effort(self) -> float:
        """Torque that one unit of effort stands for [N m] or [N]: torque constant times gear."""
        return 1.0 / self.factor if self.factor else float('inf')

    @property
    def sure(self) -> bool:
        """Whether the torque explains so much of the effort that the factor means something."""
        return self.after < MUCH_BETTER * self.without

    @property
    def suspicious(self) -> bool:
        """Whether the effort is probably no joint torque."""
        low, high = NEAR_ONE
        far = not low <= self.factor <= high
        return far and self.sure and self.after < MUCH_BETTER * self.before


def drive_factors(recordings: Sequence[Recording], torque: Torque) -> list[DriveFactor]:
    """Return the factor of every joint whose effort is known and whose model's torque varies.

    Args:
        recordings: Recordings of one robot.
        torque: Torque by a model of this robot, joints in the order of the recordings.
    """
    names = recordings[0].joint_names
    spreads = [Spread() for _ in names]
    for steady in filter(None, map(steadied, recordings)):
        for j, good in enumerate(_finite(steady).T):
            if good.any():
                spreads[j].add(steady.velocity[good, j : j + 1])
    fits = [
        _DriveFits(float(spread.std[0])) if spread.rows >= FEWEST_ROWS else None
        for spread in spreads
    ]
    for steady in filter(None, map(steadied, recordings)):
        nominal = torque(steady.position, steady.velocity, steady.acceleration)
        for j, good in enumerate(_finite(steady).T):
            fit = fits[j]
            if fit is not None and good.any():
                fit.add(nominal[good, j], steady.effort[good, j], steady.velocity[good, j])
    return [
        DriveFactor(name, *fit.factor())
        for name, fit in zip(names, fits, strict=True)
        if fit is not None and (fit.high > fit.low).all()
    ]


def _finite(steady: Steady) -> NDArray[np.bool_]:
    """Return where torque and effort of each joint are known, shape (n_steps, n_joints)."""
    motion = np.hstack([steady.position, steady.velocity, steady.acceleration])
    return np.isfinite(steady.effort) & np.isfinite(motion).all(axis=1, keepdims=True)


class _DriveFits:
    """The fits of the effort of one joint.

    Args:
        scale: Standard deviation of its velocity.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._before, self._without, self._after = (LeastSquares() for _ in range(3))
        self.low, self.high = np.full(2, np.inf), np.full(2, -np.inf)
        """Smallest and largest torque and effort, shape (2,)."""

    def add(self, torque: Vector, effort: Vector, velocity: Vector) -> None:
        """Take in rows."""
        known = np.stack([torque, effort])
        self.low = np.minimum(self.low, known.min(axis=1))
        self.high = np.maximum(self.high, known.max(axis=1))
        rest = np.column_stack([friction_columns(velocity, self._scale), np.ones(len(effort))])
        self._before.add(rest, effort - torque)
        self._without.add(rest, effort)
        self._after.add(np.column_stack([torque, rest]), effort)

    def factor(self) -> tuple[float, float, float, float]:
        """Return the factor, and what is left before, after and without it."""
        weights, after = self._after.solve()
        return float(weights[0]), self._before.solve()[1], after, self._without.solve()[1]


def drive_findings(
    recordings: Sequence[Recording], torque: Torque, *, effort_semantics: str = ''
) -> list[Finding]:
    """Warn of a robot model used on a robot whose effort is no joint torque.

    Args:
        recordings: Recordings of one robot.
        torque: See :func:`drive_factors`.
        effort_semantics: What the effort is said to be; empty for what the recordings say.
    """
    factors = drive_factors(recordings, torque)
    said = effort_semantics or recordings[0].notes.get('effort_semantics', '')
    if said == CURRENT:
        return [
            warning(
                'effort_is_current',
                'The effort is said to be a motor current, but the robot model gives joint '
                f'torque. {_in_words([item for item in factors if item.sure])} A prior of this '
                'robot model only fits an effort in N m or N: multiply the effort by the factor '
                '(scale, when converting).',
            )
        ]
    wrong = [item for item in factors if item.suspicious]
    if not wrong:
        return []
    return [
        warning(
            'effort_is_no_torque',
            f'{listed([item.joint for item in wrong])}: the effort follows from the torque of the '
            'robot model with a factor far from one, as a motor current or a torque before the '
            f'gear does. {_in_words(wrong)} Multiply the effort by it when converting (scale), or '
            'use no robot model.',
        )
    ]


def _in_words(factors: Sequence[DriveFactor]) -> str:
    """Return the fitted factors as a sentence."""
    if not factors:
        return 'No factor between them could be fitted.'
    listing = ', '.join(f'{item.joint} {item.torque_per_effort:.3g}' for item in factors)
    return f'Fitted gear/current factor, torque per unit of effort [N m or N]: {listing}.'
