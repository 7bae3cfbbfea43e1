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

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.quality.finding import error, Finding, listed, RatedLimits, warning
from lstm_dynamics_ros.data.quality.joint_summary import (
    fit,
    friction_columns,
    joined,
    JointSummary,
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
    steady = []
    for k, recording in enumerate(recordings):
        torque = None if gravity is None else gravity[k]
        if torque is not None and torque.shape != recording.effort.shape:
            raise ShapeError('gravity', recording.effort.shape, torque.shape)
        if (made := steadied(recording, torque)) is not None:
            steady.append(made)
    if not steady or not usable:
        return found
    wrong = [j for j in usable if _is_negative(_power(steady, j))]
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
            found += _against_gravity(steady, j, joints[j].name)
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


def _power(steady: Sequence[Steady], j: int) -> _Power | None:
    """Return the mean power of a joint, None if there is too little data."""
    position, acceleration = joined(steady, 'position'), joined(steady, 'acceleration')[:, j]
    effort, velocity = joined(steady, 'effort')[:, j], joined(steady, 'velocity')[:, j]
    blocks = len(effort) * steady[0].dt / BLOCK
    if blocks < FEWEST_BLOCKS or not velocity.any():
        return None
    # What gives its work back, and what does not.
    conservative = np.column_stack(
        [acceleration, np.sin(position), np.cos(position), np.ones(len(position))]
    )
    friction = friction_columns(velocity)
    weights = fit(np.hstack([conservative, friction]), effort)[0]
    rest = (effort - conservative @ weights[: conservative.shape[1]]) * velocity
    size = len(rest) // int(blocks)
    means = rest[: size * int(blocks)].reshape(int(blocks), size).mean(axis=1)
    scatter = float(means.std(ddof=1)) / np.sqrt(len(means))
    mean = float(means.mean())
    return _Power(float((effort * velocity).mean()), mean, mean / max(scatter, 1e-12))


def _against_gravity(steady: Sequence[Steady], j: int, name: str) -> Iterator[Finding]:
    """Check how often the effort contains the torque of gravity."""
    torque, effort = joined(steady, 'gravity')[:, j], joined(steady, 'effort')[:, j]
    if torque.std() < 0.2 * effort.std() and torque.std() < 0.5:
        return
    inertia = joined(steady, 'acceleration')[:, j]
    friction = friction_columns(joined(steady, 'velocity')[:, j])
    rest = np.column_stack([inertia, friction, np.ones(len(effort))])
    factor = float(fit(np.column_stack([torque, rest]), effort)[0][0])
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
