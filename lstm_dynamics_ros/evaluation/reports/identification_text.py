# SPDX-License-Identifier: Apache-2.0
"""What an identification found, as text for the terminal."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.learning.identification.result import Identification, MODELS

FRICTION_ROWS = ('coulomb', 'viscous', 'viscous_back', 'offset')


def identification_text(found: Identification) -> str:
    """Return figures and tables for the terminal."""
    errors, friction = error_rows(found), friction_rows(found)
    lines = [
        f'{len(found.base)} base parameters of links and rotors, {found.friction_count} of '
        f'friction; condition number {found.condition:.0f}',
        f'low-pass {found.cutoff:.2f} Hz, drawn to the URDF with strength {found.strength:g}, '
        f'sign smoothed over {found.share:g} deviations of the velocity',
        '',
        f'Error on {found.folds}, each held out in turn [N m or N] (relative to the effort):',
        text_table(errors[0], errors[1:]),
        '',
        'Friction and rotors, with standard deviations [N m, N m s/rad, kg m^2]:',
        text_table(friction[0], friction[1:]),
    ]
    lines += [f'warning: {text}' for text in found.warnings]
    return '\n'.join(lines)


def error_rows(found: Identification) -> list[list[str]]:
    """Return the errors of every joint by model, with a head."""
    rows = [['joint', 'effort', 'above cut-off', *MODELS]]
    for j, name in enumerate(found.joint_names):
        errors = [
            f'{found.held_out[model][j]:.3f} ({found.relative(model)[j]:.1%})' for model in MODELS
        ]
        rows.append([name, f'{found.effort[j]:.3f}', f'{found.above[j]:.3f}', *errors])
    return rows


def friction_rows(found: Identification) -> list[list[str]]:
    """Return friction and rotors of every joint, with a head."""
    values = {name: getattr(found.friction, name) for name in FRICTION_ROWS}
    if (found.friction.viscous == found.friction.viscous_back).all():
        del values['viscous_back']
    values['armature'] = found.armature
    rows = [['joint', *values]]
    for j, name in enumerate(found.joint_names):
        shown = [_with_deviation(v, found.deviations[key], j) for key, v in values.items()]
        rows.append([name, *shown])
    return rows


def _with_deviation(values: Vector, deviations: Vector, joint: int) -> str:
    return f'{values[joint]:.3f} +- {deviations[joint]:.3f}'
