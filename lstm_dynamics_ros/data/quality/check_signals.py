# SPDX-License-Identifier: Apache-2.0
"""Checks of what was measured of each joint."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from lstm_dynamics_ros.data.quality.finding import (
    error,
    Finding,
    info,
    listed,
    RatedLimits,
    warning,
)
from lstm_dynamics_ros.data.quality.joint_summary import JointSummary
import numpy as np

STILL = {'prismatic': 0.002, 'revolute': 0.01, 'continuous': 0.01}
"""Range below which a joint has not moved [m] or [rad], by type."""

FAR = 7.0
"""Position that no revolute joint reaches, a little more than a full turn [rad]."""

MOVING = 0.2
"""Share of the time that a joint should move."""

REVERSALS = 6
"""Times that a joint should turn back, for friction to be separable from the rest."""


def signal_findings(
    joints: Sequence[JointSummary], limits: Mapping[str, RatedLimits] | None = None
) -> list[Finding]:
    """Check the summaries of all joints.

    Args:
        joints: One summary per joint.
        limits: What the joints can do, by name, for those that are known.
    """
    found = [*_absent(joints)]
    for code, kind, applies, text in _CHECKS:
        names = [joint.name for joint in joints if applies(joint)]
        if names:
            found.append(kind(code, f'{listed(names)}: {text}'))
    for joint in joints:
        found += _units(joint, (limits or {}).get(joint.name, RatedLimits()))
        found += _velocity_findings(joint)
    return found


def _moved(joint: JointSummary) -> bool:
    return joint.range > STILL[joint.type]


def _has_effort(joint: JointSummary) -> bool:
    return joint.missing['effort'] < 1


_Check = tuple[str, Callable[[str, str], Finding], Callable[[JointSummary], bool], str]
_CHECKS: tuple[_Check, ...] = (
    (
        'not_moving',
        warning,
        lambda j: not _moved(j),
        'did not move, so nothing can be learnt about it. Move every joint, or leave it out.',
    ),
    (
        'dead_effort',
        error,
        lambda j: _moved(j) and _has_effort(j) and j.effort_max - j.effort_min < 1e-9,
        'moved while the effort stood at one value. The driver does not report effort; switch on '
        'its effort state interface.',
    ),
    (
        'saturated',
        warning,
        lambda j: j.saturated > 0.01,
        'the effort often stands at exactly its highest or lowest value: the drive is at its '
        'limit and the motion no longer tells what it was asked for. Move more gently.',
    ),
    (
        'poor_excitation',
        warning,
        lambda j: _moved(j) and j.moving < MOVING,
        f'moved for less than {100 * MOVING:.0f} % of the time. Record motion, not rest.',
    ),
    (
        'poor_excitation',
        warning,
        lambda j: _moved(j) and j.moving >= MOVING and j.reversals < REVERSALS,
        f'turned back fewer than {REVERSALS} times, so friction can hardly be separated. '
        'Add motions of many speeds and directions, all joints at once.',
    ),
    (
        'repeated_values',
        warning,
        lambda j: j.repeated > 0.3,
        'the position often repeats while the joint moves: the encoder is read more slowly than '
        'messages are published. Record or resample at the rate it is read.',
    ),
)


def _absent(joints: Sequence[JointSummary]) -> Iterator[Finding]:
    """Report signals that were never or not always measured."""
    advice = {
        'velocity': (warning, 'Derive it from the position (train --velocity-source derived).'),
        'effort': (error, 'Without it a model cannot learn what torque does.'),
    }
    for kind, (severity, remedy) in advice.items():
        never = [joint.name for joint in joints if joint.missing[kind] == 1]
        if never:
            yield severity(f'no_{kind}', f'{listed(never)}: no {kind} is recorded. {remedy}')
        holes = {
            joint.name: joint.missing[kind] for joint in joints if 0 < joint.missing[kind] < 1
        }
        if holes:
            share = max(holes.values())
            yield (warning if share > 0.01 else info)(
                'missing_values',
                f'{listed(list(holes))}: up to {100 * share:.1f} % of the {kind} is missing '
                '(NaN). Windows with missing values are not trained on.',
            )


def _units(joint: JointSummary, limits: RatedLimits) -> Iterator[Finding]:
    """Check the positions against the limits."""
    far = max(abs(joint.position_min), abs(joint.position_max))
    bound = max(abs(limits.lower), abs(limits.upper))
    if joint.type != 'prismatic' and far > max(1.5 * bound if np.isfinite(bound) else FAR, 1e-3):
        if joint.type == 'revolute':
            yield error(
                'degrees',
                f'{joint.name}: positions up to {far:.1f} cannot be radians; they look like '
                'degrees. Convert them, or call the joint continuous if it turns that far.',
            )
    elif joint.position_min < limits.lower - 0.01 or joint.position_max > limits.upper + 0.01:
        yield warning(
            'outside_limits',
            f'{joint.name}: positions from {joint.position_min:.3f} to {joint.position_max:.3f} '
            f'leave its limits {limits.lower:.3f} to {limits.upper:.3f}. Is the zero position or '
            'the joint order another one?',
        )


def _velocity_findings(joint: JointSummary) -> Iterator[Finding]:
    """Check position and velocity against each other."""
    factor = joint.velocity_factor
    if not _moved(joint) or not np.isfinite(factor) or joint.missing['velocity'] == 1:
        return
    if abs(joint.velocity_fit) < 0.5:
        text = 'the velocity does not fit the position at all. Are the columns of one joint?'
    elif abs(factor - 1) <= 0.1:
        return
    elif abs(factor * 180 / np.pi - 1) < 0.1:
        text = 'the velocity looks like deg/s while the position is in rad. Convert it.'
    elif abs(factor * np.pi / 180 - 1) < 0.1:
        text = 'the position looks like degrees while the velocity is in rad/s. Convert it.'
    elif factor < 0:
        text = (
            f'the velocity has the wrong sign (the position changes {factor:.2f} times as much).'
        )
    else:
        text = (
            f'the position changes {factor:.3g} times as much as the velocity says. '
            'Check its unit, a gear factor, or the stamps.'
        )
    yield error('velocity_mismatch', f'{joint.name}: {text}')
