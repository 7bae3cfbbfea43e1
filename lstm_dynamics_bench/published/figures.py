# SPDX-License-Identifier: Apache-2.0
"""The pictures of the benchmark. Drawn off screen, returned as PNG bytes."""

from lstm_dynamics_bench.published.robot_set import Trace
from lstm_dynamics_ros.evaluation.reports.plots import color_of, INK, png_bytes, white_figure
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
import numpy as np

NO_BASELINES = ('effort_persistence', 'train mean')
"""Rows of protocols that are not drawn: they are given more, or are trivial."""

OTHERS = ('#ea580c', '#94a3b8', '#9333ea')
"""Colours of the baselines."""

PANEL = 1.5
"""Height of the panel of one joint [in]."""

LINEAR_UP_TO = 50.0
"""Largest over smallest bar up to which bars stand on an axis that begins at zero."""


def joint_bars(table: ProtocolResult) -> bytes:
    """Return the figures of each joint as bars, the model beside the baselines; one panel each."""
    columns = list(dict.fromkeys(c for row in table.figures.values() for c in row))
    figure = white_figure(11.0, 2.6 * len(columns))
    panels = figure.subplots(len(columns), 1, squeeze=False)[:, 0]
    for axes, column in zip(panels, columns, strict=True):
        names = [
            name
            for name, row in table.figures.items()
            if column in row and name not in NO_BASELINES
        ]
        width = 0.8 / max(1, len(names))
        heights = [np.where(np.isfinite(v := table.figures[n][column]), v, np.nan) for n in names]
        for number, (name, values) in enumerate(zip(names, heights, strict=True)):
            axes.bar(
                np.arange(len(table.joint_names)) + (number + 0.5) * width - 0.4,
                values,
                width * 0.92,
                color=color_of('model') if number == 0 else OTHERS[(number - 1) % len(OTHERS)],
                label=name,
            )
        axes.set_xticks(range(len(table.joint_names)), table.joint_names)
        lost = table.diverged.get('model', {}).get(column)
        axes.set_title(f'{column}: {lost.text()}' if lost and lost.runs else column)
        shown = np.concatenate(heights)
        shown = shown[np.isfinite(shown) & (shown > 0)]
        if len(shown) and shown.max() > LINEAR_UP_TO * shown.min():
            axes.set_yscale('log')
        axes.grid(visible=True, axis='y', alpha=0.3)
        if names:
            axes.legend(fontsize=8, ncols=4, frameon=False)
    return png_bytes(figure)


def trace_figure(trace: Trace) -> bytes:
    """Return measured and predicted over time, one panel per joint."""
    names = trace.joint_names
    figure = white_figure(11.0, max(2.5, PANEL * len(names)) + 0.7)
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for joint, axes in enumerate(panels):
        axes.plot(trace.time, trace.measured[:, joint], color=INK, linewidth=1.6, label='measured')
        axes.plot(
            trace.time,
            trace.predicted[:, joint],
            color=color_of('model'),
            linewidth=1.0,
            label='predicted',
        )
        low, high = float(trace.measured[:, joint].min()), float(trace.measured[:, joint].max())
        room = 0.3 * (high - low) or 1.0  # a prediction that leaves the panel is far off
        axes.set_ylim(low - room, high + room)
        axes.set_ylabel(f'{names[joint]}\n[{trace.unit}]', fontsize=8)
        axes.grid(visible=True, alpha=0.25)
    panels[0].set_title(trace.title)
    panels[0].legend(fontsize=8, frameon=False, ncols=2)
    panels[-1].set_xlabel('time [s]')
    return png_bytes(figure)
