# SPDX-License-Identifier: Apache-2.0
"""Steps of a first switch-on compared: tracking error and roughness of each joint."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.evaluation.metrics import high_passed, ROUGH_ABOVE
import numpy as np

FEWEST = 100
"""Samples below which nothing is compared."""

WORSE = 1.1
"""Tracking error over that without correction, from which a step is stopped."""

ROUGHER = 2.0
"""Roughness of the effort over that without correction, from which a step is stopped."""

SMALLEST_ROUGHNESS = 0.01
"""Roughness that never counts as rough, as a share of the largest effort seen."""


@dataclass(frozen=True, kw_only=True)
class StepFigures:
    """What was seen in one step. Arrays have shape (n_joints,)."""

    error: Vector
    """RMS of reference minus measured position [rad] or [m]."""
    roughness: Vector
    """RMS of the measured effort above 5 Hz [N m] or [N]; NaN where no effort is measured."""
    effort: Vector
    """Largest measured effort [N m] or [N]."""
    seconds: float
    """Length of what was seen [s]."""


def step_figures(stamp_ns: Stamps, error: Matrix, effort: Matrix) -> StepFigures:
    """Return the figures of what was measured.

    Args:
        stamp_ns: Stamps of the measurements [ns], increasing, shape (n,).
        error: Reference minus measured position [rad] or [m], shape (n, n_joints).
        effort: Measured effort [N m] or [N], NaN where absent, shape (n, n_joints).

    Raises:
        DataError: If there are too few measurements with a reference.
    """
    if len(stamp_ns) < FEWEST:
        raise DataError(
            f'Only {len(stamp_ns)} joint states came with a reference; at least {FEWEST} are '
            'needed. Is the reference published while the robot moves?'
        )
    seconds = float(stamp_ns[-1] - stamp_ns[0]) / NANOSECONDS
    rate = 1.0 / (float(np.median(np.diff(stamp_ns))) / NANOSECONDS)
    rough = np.full(effort.shape[1], np.nan)
    finite = np.isfinite(effort).all(axis=0)
    if rate > 2.5 * ROUGH_ABOVE and finite.any():
        fast = high_passed(effort[:, finite], ROUGH_ABOVE, rate)
        rough[finite] = np.sqrt(np.mean(fast * fast, axis=0))
    return StepFigures(
        error=np.sqrt(np.mean(error * error, axis=0)),
        roughness=rough,
        effort=np.abs(effort).max(axis=0),
        seconds=seconds,
    )


def reasons_to_stop(
    before: StepFigures, now: StepFigures, joint_names: Sequence[str], enabled: Sequence[str]
) -> list[str]:
    """Return what speaks against going on, one sentence each.

    Args:
        before: What was seen without correction.
        now: What was seen in this step.
        joint_names: Names of the joints, in the order of the arrays.
        enabled: Joints that got torque; the error of others counts too, as they may be excited.
    """
    found = []
    for i, name in enumerate(joint_names):
        share = now.error[i] / max(before.error[i], 1e-9)
        if share > WORSE:
            found.append(
                f'{name} tracks worse than without correction: {1e3 * now.error[i]:.3g} in place '
                f'of {1e3 * before.error[i]:.3g} mrad or mm'
                f'{"" if name in enabled else ", although it got no torque"}.'
            )
        floor = SMALLEST_ROUGHNESS * before.effort[i]
        if now.roughness[i] > ROUGHER * max(before.roughness[i], floor):
            found.append(
                f'The effort of {name} above {ROUGH_ABOVE:g} Hz went from '
                f'{before.roughness[i]:.3g} to {now.roughness[i]:.3g}.'
            )
    return found


def comparison_table(
    before: StepFigures, now: StepFigures, joint_names: Sequence[str], enabled: Sequence[str]
) -> str:
    """Return both steps side by side for people; enabled joints are marked."""
    lines = [
        'joint              error [mrad, mm]        effort above 5 Hz [N m, N]',
        '                  before    now  share         before    now',
    ]
    for i, name in enumerate(joint_names):
        mark = '*' if name in enabled else ' '
        lines.append(
            f'{mark} {name:14} {1e3 * before.error[i]:8.2f} {1e3 * now.error[i]:6.2f} '
            f'{now.error[i] / max(before.error[i], 1e-9):6.2f}       '
            f'{before.roughness[i]:8.3f} {now.roughness[i]:6.3f}'
        )
    return '\n'.join(lines)
