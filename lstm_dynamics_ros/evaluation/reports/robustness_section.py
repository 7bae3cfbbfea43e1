# SPDX-License-Identifier: Apache-2.0
"""Robustness as a part of a report: curves, tables, and how to read them."""

from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.plots import HORIZON_COLORS, INK, png_bytes, white_figure
from lstm_dynamics_ros.evaluation.robustness.result import Comparison, Curve, largest, Robustness
from matplotlib.axes import Axes
import numpy as np

PANELS = (
    ('noise',),
    ('adversarial', 'adversarial_random'),
    ('dropped_single',),
    ('dropped_burst',),
    ('jitter_arrival',),
    ('jitter_stamp',),
)
"""Curves that share axes; others get axes of their own."""

LINES = ('-', '--')
"""Style of each model."""


def robustness_section(found: Comparison) -> html.Section:
    """Return curves and tables of one model, or of two side by side."""
    models = [
        (name, [_table(curve, result) for curve in result.curves], result.notes)
        for name, result in zip(found.names, found.results, strict=True)
    ]
    body = html.render(
        'robustness_section.html', names=found.names, picture=_figure(found), models=models
    )
    return html.Section('robustness', 'Robustness', body)


def _figure(found: Comparison) -> bytes:
    there = [curve.name for curve in found.results[0].curves]
    shared = [tuple(name for name in panel if name in there) for panel in PANELS]
    known = {name for panel in PANELS for name in panel}
    panels = [p for p in shared if p] + [(name,) for name in there if name not in known]
    rows = (len(panels) + 1) // 2
    figure = white_figure(11.0, 3.4 * rows)
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    for place, panel in zip(axes, panels, strict=False):
        _draw(place, found, panel)
    for place in axes[len(panels) :]:
        place.set_axis_off()
    return png_bytes(figure)


def _draw(axes: Axes, found: Comparison, panel: tuple[str, ...]) -> None:
    """Draw curves that share a size; of several the first in full lines, others faint."""
    for number, (name, result) in enumerate(zip(found.names, found.results, strict=True)):
        for rank, curve_name in enumerate(panel):
            curve = result.curve(curve_name)
            for c, channel in enumerate(result.channels):
                values = [found.relative(number, curve_name, v, channel) for v in curve.levels]
                axes.plot(
                    [level.size for level in curve.levels],
                    [value if np.isfinite(value) else np.nan for value in values],
                    color=HORIZON_COLORS[c % len(HORIZON_COLORS)],
                    linestyle=':' if rank else LINES[number % len(LINES)],
                    alpha=0.6 if rank else 1.0,
                    marker='o' if number == 0 else 's',
                    markersize=3.5,
                    label=channel if not number and not rank else f'_{name}',
                )
    curve = found.results[0].curve(panel[0])
    axes.set_title(curve.title + (' (dotted: random)' if len(panel) > 1 else ''))
    axes.set(xlabel=curve.unit, ylabel='error over undisturbed')
    if len(found.results) > 1:
        for name, style in zip(found.names, LINES, strict=False):
            axes.plot([], [], color=INK, linestyle=style, label=name)
    axes.set_yscale('log')
    low, high = axes.get_ylim()
    low, high = min(low, 0.9), max(high, 2.0)
    axes.set_ylim(low, high * (high / low) ** 0.2)  # room for the legend
    axes.yaxis.set_major_formatter('{x:g}')
    axes.yaxis.set_minor_formatter('{x:g}' if high < 10 * low else '')
    axes.tick_params(axis='y', which='minor', labelsize=7)
    if len(panel) > 1:  # sizes that grow by factors
        axes.set_xscale('symlog', linthresh=curve.levels[1].size)
        axes.set_xlim(left=0.0)
        axes.xaxis.set_major_formatter('{x:g}')
    axes.grid(visible=True, which='both', alpha=0.2)
    axes.legend(fontsize=7, loc='upper left', framealpha=0.9)


def _table(curve: Curve, result: Robustness) -> html.Table:
    there = [channel for channel in result.channels if channel in curve.levels[0].figures]
    head = [curve.unit, *there, 'largest / RMSE', 'answered', 'age [steps]', 'not finite']
    rows: list[list[html.Entry]] = []
    for level in curve.levels:
        row: list[html.Entry] = [f'{level.size:g}']
        row += [f'{level.figures[channel].ratio:.4g}' for channel in there]
        row += [largest(level), f'{level.answered:.1%}', f'{level.age:.2f}']
        row.append((str(level.not_finite), 'bad') if level.not_finite else '0')
        rows.append(row)
    return html.Table(curve.title, head, rows)
