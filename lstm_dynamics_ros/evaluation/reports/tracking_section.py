# SPDX-License-Identifier: Apache-2.0
"""Tracking before and after a correction is armed: pictures, and a section of a report."""

from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.plots import (
    envelope,
    INK,
    png_bytes,
    running_rms,
    RUNNING_SECONDS,
    white_figure,
)
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from matplotlib.axes import Axes
import numpy as np

BEFORE = '#dc2626'
AFTER = '#2563eb'
JOINT_COLORS = ('#2563eb', '#ea580c', '#059669', '#9333ea', '#dc2626', '#db2777', '#64748b')
"""Colour of each joint, in turn."""


def error_panel(axes: Axes, effect: CorrectionEffect) -> None:
    """Draw the tracking error over time, with the moment of arming."""
    time = effect.seconds
    pooled = np.sqrt(np.mean(effect.error**2, axis=1))
    step = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
    smooth = 1e3 * running_rms(pooled, max(1, round(RUNNING_SECONDS / step)))
    axes.plot(*envelope(time, smooth), color=INK, linewidth=1.4)
    figures = effect.to_json()
    for rows, key, color, what in (
        (effect.before, 'before_mrad', BEFORE, 'without correction'),
        (effect.after, 'after_mrad', AFTER, 'with'),
    ):
        ends = time[rows][[0, -1]]
        axes.axvspan(*ends, color=color, alpha=0.08)
        label = f'{what}: {figures[key]:.2g} mrad RMS'
        axes.hlines(figures[key], *ends, color=color, linewidth=2.0, label=label)
    _armed(axes, effect)
    axes.set_ylim(bottom=0.0, top=1.25 * float(np.nanmax(smooth)))
    axes.set_title(f'tracking error, RMS of all joints over {RUNNING_SECONDS:g} s')
    axes.set_ylabel('[mrad]')
    axes.legend(fontsize=9, loc='upper right', framealpha=0.9)


def correction_panel(axes: Axes, effect: CorrectionEffect) -> None:
    """Draw the correction of every joint over time."""
    first = effect.seconds[0]
    for joint, name in enumerate(effect.joint_names):
        time = np.concatenate([[first], effect.torque_seconds[:1], effect.torque_seconds])
        torque = np.concatenate([[0.0, 0.0], effect.torque[:, joint]])
        color = JOINT_COLORS[joint % len(JOINT_COLORS)]
        axes.plot(time, torque, color=color, linewidth=1.1, label=name)
    _armed(axes, effect)
    axes.set(title='correction', ylabel='[N m]')
    axes.legend(fontsize=7, loc='upper left', ncols=2, framealpha=0.9)


def joint_bars(axes: Axes, effect: CorrectionEffect) -> None:
    """Draw the error of every joint before and after as bars on a logarithmic scale."""
    places = np.arange(len(effect.joint_names))
    for rms, shift, color, what in (
        (effect.before_rms, -0.2, BEFORE, 'without correction'),
        (effect.after_rms, 0.2, AFTER, 'with'),
    ):
        bars = axes.bar(places + shift, 1e3 * rms, 0.38, color=color, label=what)
        axes.bar_label(bars, fmt='%.2g', fontsize=8)
    axes.set_yscale('log')
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.3)  # room for the legend
    axes.set_xticks(places, effect.joint_names)
    axes.set(title='tracking error of each joint, RMS over the same motion', ylabel='[mrad]')
    axes.grid(visible=True, axis='y', alpha=0.3)
    axes.legend(fontsize=8, loc='upper right', framealpha=0.9)


def _armed(axes: Axes, effect: CorrectionEffect) -> None:
    """Mark the moment of arming and the fade-in."""
    axes.axvline(0.0, color=INK, linestyle='--', linewidth=1.2)
    end = (effect.begin_ns - effect.armed_ns) / NANOSECONDS
    axes.axvspan(0.0, end, color=INK, alpha=0.06)
    axes.annotate(' armed', (0.0, 0.9), xycoords=('data', 'axes fraction'), fontsize=9)
    axes.grid(visible=True, alpha=0.25)
    axes.margins(x=0.0)
    axes.set_xlabel('time since arming [s]')


def tracking_section(effect: CorrectionEffect) -> html.Section:
    """Return tables and pictures of a correction's effect."""
    found = effect.to_json()
    figure = white_figure(11.0, 8.4)
    panels = figure.subplots(3, 1)
    error_panel(panels[0], effect)
    correction_panel(panels[1], effect)
    joint_bars(panels[2], effect)
    rows = [
        _row(name, joint['before_mrad'], joint['after_mrad'], f'{joint["correction_rms_nm"]:.3g}')
        for name, joint in found['per_joint'].items()
    ]
    rows.append(_row('all', found['before_mrad'], found['after_mrad'], ''))
    body = html.render(
        'tracking_section.html',
        picture=png_bytes(figure),
        head=[
            'tracking error [mrad]',
            'before',
            'after',
            'after / before',
            'correction RMS [N m]',
        ],
        rows=rows,
        compared=found['compared_s'],
        fade_in=found['fade_in_s'],
    )
    return html.Section('tracking', 'Tracking before and after arming', body)


def _row(name: str, before: float, after: float, correction: str) -> list[html.Entry]:
    """Return a row of the table, its ratio coloured by whether it is a gain."""
    ratio = after / before
    style = 'good' if ratio <= 1 else 'bad'
    return [name, f'{before:.3g}', f'{after:.3g}', (f'{ratio:.3g}', style), correction]
