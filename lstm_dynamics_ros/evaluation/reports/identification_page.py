# SPDX-License-Identifier: Apache-2.0
"""What an identification found, as a page with figures."""

from collections.abc import Sequence

from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.identification_text import error_rows, friction_rows
from lstm_dynamics_ros.evaluation.reports.plots import INK, png_bytes, white_figure
from lstm_dynamics_ros.learning.identification.result import Identification, MODELS
import numpy as np

COLORS = dict(zip(MODELS, ('#94a3b8', '#f59e0b', '#7c3aed', '#2563eb'), strict=True))
"""Colour of each model."""


def identification_page(found: Identification, recordings: Sequence[str]) -> str:
    """Return the report of an identification as HTML.

    Args:
        found: What was identified.
        recordings: Names of the recordings it was identified from.
    """
    return html.render(
        'identification.html',
        title=f'Identification of {found.nominal.source}',
        found=found,
        recordings=recordings,
        errors=error_rows(found),
        picture=effort_figure(found),
        friction=friction_rows(found),
        base=[
            [item.name, f'{item.value:.4g}', f'{item.nominal:.4g}', f'{item.deviation:.2g}']
            for item in found.base
        ],
    )


def effort_figure(found: Identification) -> bytes:
    """Return measured and predicted effort of every joint over time, and what is left, as PNG."""
    n = len(found.joint_names)
    figure = white_figure(12.0, 2.1 * n)
    axes = figure.subplots(n, 2, squeeze=False, sharex=True)
    starts = np.cumsum([0.0, *(float(trace.time[-1]) + 1.0 for trace in found.traces)])
    shown = ('nominal', 'identified + friction')
    for j, name in enumerate(found.joint_names):
        for number, (trace, start) in enumerate(zip(found.traces, starts[:-1], strict=True)):
            time, measured = trace.time + start, trace.measured[:, j]
            curves = {'measured': (measured, INK, 2.0)}
            curves |= {
                model: (trace.predicted[model][:, j], COLORS[model], 1.1) for model in shown
            }
            for label, (values, color, width) in curves.items():
                text = '_more' if number else label
                axes[j, 0].plot(time, values, color=color, linewidth=width, label=text)
                if label in COLORS:
                    axes[j, 1].plot(time, measured - values, color=color, linewidth=width)
        axes[j, 0].set_title(f'{name}: effort [N m or N]')
        axes[j, 1].set_title('what is left [N m or N]')
        for panel in axes[j]:
            panel.grid(visible=True, alpha=0.25)
            panel.margins(x=0.01)
    axes[0, 0].legend(fontsize=7, loc='upper right', framealpha=0.85)
    for panel in axes[-1]:
        panel.set_xlabel('time [s]')
    return png_bytes(figure)
