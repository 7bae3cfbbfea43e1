# SPDX-License-Identifier: Apache-2.0
"""The figures of a look inside a model. Drawn off screen, returned as PNG bytes."""

from lstm_dynamics_ros.evaluation.reports.explanation_findings import NOTICEABLE
from lstm_dynamics_ros.evaluation.reports.plots import INK, png_bytes, white_figure
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation, NodeActivity
from matplotlib.axes import Axes
from matplotlib.figure import Figure
import numpy as np
from numpy.typing import NDArray

COLOURS = ('#2563eb', '#f59e0b', '#dc2626', '#7c3aed', '#059669', '#be185d', '#64748b')
"""Colours of joints or kinds, in turn."""

MAP = 'Blues'
LABELLED = 12
"""Largest table whose numbers are written into its fields."""

UNITS_SHOWN = 40


def past_figure(explanation: Explanation) -> bytes:
    """Return how much a constant-velocity history changes each output, over its age."""
    figure = white_figure(11.0, 3.6)
    axes = figure.subplots()
    ages = 1e3 * explanation.card.dt * explanation.history.ages
    for joint, name in enumerate(explanation.joints):
        color = COLOURS[joint % len(COLOURS)]
        axes.plot(ages, explanation.history.change[:, joint], marker='.', label=name, color=color)
    axes.axhline(NOTICEABLE, color=INK, linestyle=':', linewidth=1.0)
    axes.set_xlabel('history at constant velocity before this age [ms]')
    axes.set_ylabel('change of the output [spreads]')
    axes.set_title(f'How far back the {explanation.kind} depends on the past')
    _legend(axes, len(explanation.joints))
    return png_bytes(figure)


def influence_figure(explanation: Explanation) -> bytes:
    """Return RMS Jacobians, kind by age, one panel per joint."""
    figure = white_figure(11.0, 1.6 + 1.9 * -(-len(explanation.joints) // 2))
    panels = figure.subplots(-(-len(explanation.joints) // 2), 2, squeeze=False)
    blocks = explanation.blocks(explanation.influence.jacobian)
    for panel in panels.ravel()[len(explanation.joints) :]:
        panel.set_axis_off()
    ages = 1e3 * explanation.ages
    for joint, name in enumerate(explanation.joints):
        axes = panels.ravel()[joint]
        values = np.sqrt((blocks[joint] ** 2).sum(-1)).T  # (kinds, ages)
        shown = np.log10(np.maximum(values, 1e-3))
        drawn = axes.pcolormesh(_edges(ages), np.arange(len(values) + 1), shown, cmap=MAP)
        axes.set_yticks(np.arange(len(values)) + 0.5, explanation.kinds)
        axes.invert_yaxis()
        axes.set(title=f'{explanation.kind} of {name}', xlabel='age of the input [ms]')
        bar = figure.colorbar(drawn, ax=axes)
        bar.ax.set_ylabel('log10 spreads', fontsize=8)
        bar.ax.tick_params(labelsize=8)
    return png_bytes(figure)


def inputs_figure(explanation: Explanation) -> bytes:
    """Return contributions: input joint by output joint, and input kind by output joint."""
    figure = white_figure(11.0, 1.6 + 0.42 * max(len(explanation.joints), 5))
    left, right = figure.subplots(1, 2)
    _table(figure, left, explanation.attribution.by_joint, explanation.joints, explanation.joints)
    left.set_title('contribution of each joint, all its inputs together [spreads]')
    blocks = explanation.blocks(explanation.attribution.by_feature)
    own = np.sqrt((blocks**2).sum(-1))  # (D, kinds)
    _table(figure, right, own, explanation.joints, explanation.kinds)
    right.set_title('contribution of each kind of input alone [spreads]')
    for axes in (left, right):
        axes.set_ylabel(f'{explanation.kind} of')
    return png_bytes(figure)


def ages_figure(explanation: Explanation) -> bytes:
    """Return contributions over age, all features together."""
    figure = white_figure(11.0, 3.4)
    axes = figure.subplots()
    by_age = explanation.attribution.by_age
    ages = 1e3 * explanation.card.dt * np.arange(by_age.shape[1])
    for joint, name in enumerate(explanation.joints):
        color = COLOURS[joint % len(COLOURS)]
        axes.plot(ages, np.maximum(by_age[joint], 1e-4), label=name, color=color)
    axes.set(yscale='log', xlabel='age of the input [ms]', ylabel='contribution [spreads]')
    axes.set_title('Integrated gradients over time')
    _legend(axes, len(explanation.joints))
    return png_bytes(figure)


def node_figure(node: NodeActivity, dt: float) -> bytes:
    """Return gates and memory of the units of one node."""
    figure = white_figure(11.0, 3.6)
    left, middle, right = figure.subplots(1, 3)
    order = np.argsort(node.gate_time)
    for number, gate in enumerate(node.gates):
        left.plot(node.mean[number][order], '.', markersize=4, color=COLOURS[number], label=gate)
        saturated = node.closed[number] + node.opened[number]
        middle.plot(saturated[order], '.', markersize=4, color=COLOURS[number], label=gate)
    left.set_title('mean openness of the gates')
    middle.set_title('share of time saturated')
    for axes in (left, middle):
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel('unit, by memory')
        axes.legend(fontsize=8)
    finite = node.decay_time[np.isfinite(node.decay_time)]
    right.plot(1e3 * np.sort(node.gate_time), color=COLOURS[0], label='by the gate that keeps')
    if len(finite):
        right.plot(1e3 * np.sort(finite), color=COLOURS[1], label='by the derivative of the state')
    right.set(yscale='log', title='time constant of the units [ms]', xlabel='units, sorted')
    right.axhline(1e3 * dt, color=INK, linestyle=':', linewidth=1.0)
    right.legend(fontsize=8)
    return png_bytes(figure)


def decay_figure(node: NodeActivity, dt: float) -> bytes:
    """Return what is left of nudges of the state, of every unit and at most."""
    figure = white_figure(11.0, 3.2)
    axes = figure.subplots()
    ages = 1e3 * dt * node.ages
    shown = np.argsort(node.decay_time)[-UNITS_SHOWN:]
    axes.plot(ages, np.maximum(node.kept[:, shown], 1e-4), color='#94a3b8', linewidth=0.6)
    axes.plot([], [], color='#94a3b8', label=f'own memory of the {len(shown)} slowest units')
    most = np.maximum(node.strongest, 1e-4)
    axes.plot(ages, most, color=COLOURS[2], linewidth=2, label='any nudge, at most')
    axes.axhline(np.exp(-1.0), color=INK, linestyle=':', linewidth=1.0, label='1/e')
    axes.set(yscale='log', xlabel='time after the nudge [ms]', ylabel='what is left of it')
    axes.legend(fontsize=8)
    return png_bytes(figure)


def probe_figure(explanation: Explanation) -> bytes:
    """Return how well labels can be read from inputs, units, both and the best unit."""
    probes = explanation.probes
    figure = white_figure(11.0, 1.2 + 0.33 * len(probes))
    axes = figure.subplots()
    series = {
        'inputs of the moment': [item.baseline_r2 for item in probes],
        'inputs and units': [item.both_r2 for item in probes],
        'units': [item.r2 for item in probes],
        'best single unit': [item.unit_r2 for item in probes],
    }
    colours = ('#94a3b8', COLOURS[0], COLOURS[1], COLOURS[2])
    places = np.arange(len(probes))
    for number, (name, values) in enumerate(series.items()):
        row, shown = places + 0.2 * (number - 1.5), np.clip(values, 0, 1)
        axes.barh(row, shown, 0.19, label=name, color=colours[number])
    axes.set_yticks(places, [item.label for item in probes])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel('R2 on data left out (below 0 is shown as 0)')
    axes.legend(fontsize=8, loc='lower right')
    return png_bytes(figure)


def washout_figure(explanation: Explanation) -> bytes:
    """Return the difference of copies from random hidden states over time."""
    figure = white_figure(11.0, 3.2)
    axes = figure.subplots()
    found = explanation.contraction
    steps = np.arange(len(found.worst))
    axes.plot(steps, np.maximum(found.worst, 1e-6), color=COLOURS[2], label='worst pair')
    axes.plot(steps, np.maximum(found.typical, 1e-6), color=COLOURS[0], label='median pair')
    axes.axhline(0.01, color=INK, linestyle=':', linewidth=1.0, label='1 %')
    washout, label = explanation.card.washout_steps, 'washout of the card'
    axes.axvline(washout, color=INK, linestyle='--', linewidth=1.0, label=label)
    axes.set(yscale='log', xlabel='steps', ylabel='difference [range of the output]')
    axes.legend(fontsize=8)
    return png_bytes(figure)


def _table(
    figure: Figure,
    axes: Axes,
    values: NDArray[np.float64],
    rows: tuple[str, ...],
    columns: tuple[str, ...],
) -> None:
    """Draw a table of colours, with its numbers where they fit."""
    drawn = axes.imshow(values, cmap=MAP, aspect='auto', vmin=0.0)
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha='right')
    axes.set_yticks(range(len(rows)), rows)
    if max(values.shape) <= LABELLED:
        for row, column in np.ndindex(*values.shape):
            dark = values[row, column] > 0.6 * values.max()
            color, text = 'white' if dark else INK, f'{values[row, column]:.2g}'
            axes.text(column, row, text, ha='center', va='center', fontsize=8, color=color)
    else:
        figure.colorbar(drawn, ax=axes)


def _edges(places: NDArray[np.float64]) -> NDArray[np.float64]:
    half = 0.5 * (places[1] - places[0])
    return np.concatenate([places - half, places[-1:] + half])


def _legend(axes: Axes, count: int) -> None:
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8, ncols=max(1, count // 4))
