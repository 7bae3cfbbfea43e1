# SPDX-License-Identifier: Apache-2.0
"""The preview of an excitation: what every joint will do, against its limits."""

from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import write_bytes
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.paths import STEP
from lstm_dynamics_ros.data.excitation.plan import Excitation
from lstm_dynamics_ros.evaluation.reports.plots import INK, png_bytes, unit_of, white_figure
from matplotlib.axes import Axes
import numpy as np

LIMIT = '#dc2626'
"""Colour of limits."""

EVERY = 20
"""Rows per drawn point."""


def write_excitation_figure(path: Path, excitation: Excitation, limits: ExcitationLimits) -> None:
    """Write positions, velocities and efforts of every joint as PNG, with their limits.

    Without a rigid-body model accelerations stand in the place of efforts.

    Args:
        path: Where to.
        excitation: What to draw.
        limits: What its joints can stand.
    """
    n_joints = len(limits.joint_names)
    figure = white_figure(13.0, 1.0 + 1.5 * n_joints)
    axes = figure.subplots(n_joints, 3, sharex=True, squeeze=False)
    columns: list[tuple[str, Matrix, Vector, Vector]] = [
        ('position', excitation.position, limits.lower, limits.upper),
        ('velocity', excitation.velocity, -limits.velocity, limits.velocity),
    ]
    if excitation.effort is not None:
        columns.append(('effort', excitation.effort, -limits.effort, limits.effort))
    else:
        most = limits.acceleration
        columns.append(('acceleration', excitation.acceleration, -most, most))
    time = np.arange(0, len(excitation), EVERY) * STEP
    for column, (kind, signal, low, high) in enumerate(columns):
        for j, name in enumerate(limits.joint_names):
            panel = axes[j, column]
            panel.plot(time, signal[::EVERY, j], color=INK, linewidth=1.0)
            _draw_limits(panel, low[j], high[j])
            panel.grid(visible=True, alpha=0.25)
            panel.margins(x=0.0)
            panel.set_ylabel(f'{name} [{_unit(kind, limits.joint_types[j])}]')
        axes[0, column].set_title(
            {'effort': 'effort by the rigid-body model'}.get(kind, kind) + ', limits in red'
        )
        axes[-1, column].set_xlabel('time [s]')
    figure.suptitle(
        f'{excitation.name}: self-collision and obstacles are NOT checked',
        color=LIMIT,
        fontsize=11,
    )
    write_bytes(path, png_bytes(figure))


def _draw_limits(axes: Axes, low: float, high: float) -> None:
    for value in (low, high):
        if np.isfinite(value):
            axes.axhline(value, color=LIMIT, linewidth=1.0, linestyle='--')


def _unit(kind: str, joint_type: str) -> str:
    if kind == 'acceleration':
        return f'{unit_of("position", joint_type)}/s^2'
    return unit_of(kind, joint_type)
