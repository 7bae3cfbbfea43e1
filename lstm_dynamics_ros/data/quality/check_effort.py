# SPDX-License-Identifier: Apache-2.0
"""Checks the sign and the scale of the effort by what every mechanism does: it dissipates.

Over a motion that comes back to where it began, what a drive puts into a joint can only go into
friction, so the mean of effort times velocity is positive. Inertia and gravity give back what they
took, but only in the end; so what they explain of the effort (by a regression on acceleration and
on sine and cosine of all positions) is taken off first. Both the raw power and what remains must
be negative, and the latter clearly so, before a sign is called wrong.

With the torque of gravity from a robot model the scale is checked as well: the effort must contain
it once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.quality.finding import error, Finding, listed, RatedLimits, warning
from lstm_dynamics_ros.data.quality.joint_summary import (
    friction_columns,
    JointSummary,
    LeastSquares,
    Spread,
    steadied,
    Steady,
)
from lstm_dynamics_ros.data.recording import Recording
import numpy as np

BLOCK = 2.0
"""Length of the blocks whose scatter tells how sure a mean power is [s]."""

SURE = 3.0
"""Standard errors below zero from which a power is called negative."""

FEWEST_BLOCKS = 5


class _Power(NamedTuple):
    """Mean power of a joint."""

    raw: float
    """Mean of effort times velocity [W]."""
    dissipated: float
    """The same without what inertia and gravity explain [W]."""
    certainty: float
    """Dissipated power in standard errors."""


def effort_findings(
    recordings: Sequence[Recording],
    joints: Sequence[JointSummary],
    *,
    limits: Mapping[str, RatedLimits] | None = None,
    gravity: Sequence[Matrix] | None = None,
) -> list[Finding]:
    """Check sign and scale of the effort.

    Args:
        recordings: Recordings of one robot.
        joints: One summary per joint.
        limits: What the joints can do, by name, for those that are known.
        gravity: Torque of gravity at the positions of each recording, of the recording's shape
            [N m] or [N], from a robot model.

    Raises:
        ShapeError: If ``gravity`` does not have the shapes of the recordings.
    """
    usable = [
        k
        for k, joint in enumerate(joints)
        if joint.missing['effort'] == 0 and joint.effort_max > joint.effort_min
    ]
    found: list[Finding] = []
    for k in usable:
        limit = (limits or {}).get(joints[k].name, RatedLimits()).effort
        found += _against_limit(joints[k], limit)
    for k, torque in enumerate(gravity or ()):
        if torque.shape != recordings[k].effort.shape:
            raise ShapeError('gravity', recordings[k].effort.shape, torque.shape)

    def steady() -> Iterator[Steady]:
        """Yield what there is piece by piece, so that not all of it is in memory at once."""
        for k, recording in enumerate(recordings):
            if (made := steadied(recording, None if gravity is None else gravity[k])) is not None:
                yield from made.pieces()

    spread = Spread()
    for piece in steady() if usable else ():
        known = (piece.velocity, piece.effort, piece.gravity)
        spread.add(np.hstack([item for item in known if item is not None]))
    if not spread.rows:
        return found
    stds = spread.std.reshape(-1, len(joints))
    powers = _powers(steady, usable, spread.rows, stds[0])
    wrong = [j for j, power in zip(usable, powers, strict=True) if _is_negative(power)]
    if wrong:
        found.append(
            warning(
                'effort_sign',
                f'{listed([joints[j].name for j in wrong])}: on average the effort brakes the '
                'motion it should drive, so its sign is probably wrong. Compare the effort at '
                'slow motion up and down: it must be higher where the velocity is positive.',
            )
        )
    if gravity is not None:
        for j in usable:
            found += _against_gravity(steady, j, joints[j].name, stds[:, j])
    return found


def _against_limit(joint: JointSummary, limit: float) -> Iterator[Finding]:
    largest = max(abs(joint.effort_min), abs(joint.effort_max))
    if np.isfinite(limit) and limit > 0 and not 0.005 * limit < largest < 1.5 * limit:
        yield warning(
            'effort_scale',
            f'{joint.name}: the effort reaches {largest:.3g}, {largest / limit:.3g} times the '
            f'limit of {limit:.3g}. It may be a current, in counts, or before the gear; give the '
            'factor to joint torque when converting.',
        )


def _is_negative(power: _Power | None) -> bool:
    return power is not None and power.raw < 0 and power.dissipated < 0 and power.certainty < -SURE


def _powers(
    steady: Callable[[], Iterator[Steady]], joints: Sequence[int], rows: int, scale: Vector
) -> list[_Power | None]:
    """Return the mean power of joints, None of those with too little data.

    Args:
        steady: Gives the signals piece by piece.
        joints: Numbers of the joints.
        rows: Rows of all pieces.
        scale: Standard deviation of the velocity of every joint of the robot.
    """
    blocks = int(rows * next(steady()).dt / BLOCK)
    if blocks < FEWEST_BLOCKS:
        return [None] * len(joints)
    fits = [LeastSquares() for _ in joints]
    for piece in steady():
        for j, fit in zip(joints, fits, strict=True):
            friction = friction_columns(piece.velocity[:, j], scale[j])
            fit.add(np.hstack([_conservative(piece, j), friction]), piece.effort[:, j])
    weights = [fit.solve()[0] for fit in fits]
    size, first = rows // blocks, 0
    raw, sums = np.zeros(len(joints)), np.zeros((len(joints), blocks))
    moves = np.zeros(len(joints), bool)
    for piece in steady():
        # Rows beyond the last whole block are in none.
        block = np.minimum(np.arange(first, first + len(piece.effort)) // size, blocks)
        for i, j in enumerate(joints):
            conservative, velocity = _conservative(piece, j), piece.velocity[:, j]
            given_back = conservative @ weights[i][: conservative.shape[1]]
            rest = (piece.effort[:, j] - given_back) * velocity
            sums[i] += np.bincount(block, rest, blocks + 1)[:blocks]
            raw[i] += piece.effort[:, j] @ velocity
            moves[i] |= velocity.any()
        first += len(block)
    found: list[_Power | None] = []
    for i, means in enumerate(sums / size):
        mean = float(means.mean())
        scatter = float(means.std(ddof=1)) / np.sqrt(blocks)
        power = _Power(float(raw[i]) / rows, mean, mean / max(scatter, 1e-12))
        found.append(power if moves[i] else None)
    return found


def _conservative(steady: Steady, j: int) -> Matrix:
    """Return what effort that gives its work back is made of."""
    position, acceleration = steady.position, steady.acceleration[:, j]
    ones = np.ones(len(position))
    return np.column_stack([acceleration, np.sin(position), np.cos(position), ones])


def _against_gravity(
    steady: Callable[[], Iterator[Steady]], j: int, name: str, scale: Vector
) -> Iterator[Finding]:
    """Check how often the effort contains the torque of gravity.

    Args:
        steady: Gives the signals piece by piece.
        j: Number of the joint.
        name: Its name.
        scale: Standard deviations of its velocity, its effort and the torque.
    """
    if scale[2] < 0.2 * scale[1] and scale[2] < 0.5:
        return
    fit = LeastSquares()
    for piece in steady():
        torque = cast('Matrix', piece.gravity)[:, j]
        friction = friction_columns(piece.velocity[:, j], scale[0])
        rest = [piece.acceleration[:, j], friction, np.ones(len(torque))]
        fit.add(np.column_stack([torque, *rest]), piece.effort[:, j])
    factor = float(fit.solve()[0][0])
    if 0.75 <= factor <= 1.33:
        return
    if abs(factor) < 0.2:
        yield warning(
            'no_gravity',
            f'{name}: the effort hardly contains gravity ({factor:.2f} of it). The driver '
            'compensates it before it reports, or reports something else; say so in the card.',
        )
    elif factor < 0:
        yield error(
            'effort_sign',
            f'{name}: the effort contains {factor:.2f} times the torque of gravity, so its '
            'sign is wrong.',
        )
    else:
        yield warning(
            'effort_scale',
            f'{name}: the effort contains {factor:.2f} times the torque of gravity. A gear ratio, '
            f'a torque constant or the payload is missing; multiply it by {1 / factor:.3g} if the '
            'robot model is right.',
        )
