# SPDX-License-Identifier: Apache-2.0
"""The pictures of the tracking benchmark. Drawn off screen, returned as PNG bytes."""

from collections.abc import Mapping, Sequence

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.tuning import Tried
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import TrackingRun
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import PERIOD, SETTLE
from lstm_dynamics_ros.evaluation.reports.plots import INK, png_bytes, white_figure
from lstm_dynamics_ros.sim.mjcf import STEP
import numpy as np

COLORS = (
    '#64748b',
    '#94a3b8',
    '#a16207',
    '#9333ea',
    '#059669',
    '#ea580c',
    '#0891b2',
    '#dc2626',
    '#2563eb',
    '#db2777',
    '#65a30d',
    '#7c3aed',
)
"""Colours of the controllers, in the order they are registered."""

SMOOTH = 0.01
"""Where what is smoother than this is drawn."""

PANEL = 1.7
"""Height of the panel of one joint [in]."""


def color_of(name: str) -> str:
    """Return the colour of a controller."""
    return COLORS[list(METHODS).index(name) % len(COLORS)]


def error_figure(runs: Mapping[str, TrackingRun]) -> bytes:
    """Return the tracking error of every joint over time, one line per controller."""
    return _over_time(runs, 'error [mrad]', correction=False)


def torque_figure(runs: Mapping[str, TrackingRun]) -> bytes:
    """Return the correction of every joint over time, one line per controller."""
    return _over_time(runs, 'correction [N m]', correction=True)


def curve_figure(tried: Mapping[str, Sequence[Tried]], budget: float | None) -> bytes:
    """Return error over roughness of every setting of every controller.

    Args:
        tried: By controller every setting, on the training seeds.
        budget: Budget to be marked; None for none.
    """
    figure = white_figure(11.0, 4.6)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, which, title in (
        (panels[0], 'roughest', 'largest of any scenario'),
        (panels[1], 'mean_roughness', 'geometric mean over scenarios'),
    ):
        for name, items in tried.items():
            points = sorted(
                (max(float(getattr(item, which)), SMOOTH), item.error_mrad) for item in items
            )
            axes.plot(
                [point[0] for point in points],
                [point[1] for point in points],
                'o',
                markersize=3.5,
                color=color_of(name),
                label=METHODS[name].title,
            )
            front = _front(points)
            axes.plot(
                [point[0] for point in front],
                [point[1] for point in front],
                color=color_of(name),
                linewidth=1.2,
            )
        if budget is not None:
            axes.axvline(budget, color=INK, linewidth=0.8, linestyle='--')
        axes.set(xscale='log', yscale='log', xlabel=f'roughness, {title}')
    panels[0].set_ylabel('error, geometric mean [mrad]')
    panels[1].legend(fontsize=8, frameon=False)
    return png_bytes(figure)


def joint_figure(errors: Mapping[str, Sequence[float]], joint_names: Sequence[str]) -> bytes:
    """Return the RMS error of each joint as bars, one colour per controller.

    Args:
        errors: By controller the RMS error of each joint [mrad].
        joint_names: The joints.
    """
    figure = white_figure(11.0, 3.2)
    axes = figure.subplots()
    width = 0.8 / max(1, len(errors))
    for number, (name, values) in enumerate(errors.items()):
        axes.bar(
            np.arange(len(joint_names)) + (number + 0.5) * width - 0.4,
            values,
            width,
            color=color_of(name),
            label=METHODS[name].title,
        )
    axes.set_xticks(range(len(joint_names)), joint_names)
    axes.set(yscale='log', ylabel='RMS error [mrad]')
    axes.legend(fontsize=8, frameon=False, ncols=3)
    return png_bytes(figure)


def _over_time(runs: Mapping[str, TrackingRun], unit: str, *, correction: bool) -> bytes:
    """Return one panel per joint, over time."""
    first = next(iter(runs.values()))
    names = first.run.joint_names
    figure = white_figure(11.0, PANEL * len(names) + 0.6)
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for name, done in runs.items():
        values = done.correction if correction else 1e3 * done.run.tracking_error[::5]
        time = np.arange(len(values)) * (PERIOD if correction else 5 * STEP)
        for joint, axes in enumerate(panels):
            axes.plot(
                time,
                values[:, joint],
                color=color_of(name),
                linewidth=1.0,
                label=METHODS[name].title,
            )
    for joint, axes in enumerate(panels):
        axes.axvspan(0.0, SETTLE, color='#f1f5f9', zorder=0)
        axes.set_ylabel(f'{names[joint]}\n{unit}', fontsize=8)
    panels[0].legend(fontsize=8, frameon=False, ncols=4)
    panels[-1].set_xlabel('time [s]; the shaded part is not scored')
    return png_bytes(figure)


def _front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the Pareto front: points that none with less roughness beats in error."""
    best, front = float('inf'), []
    for rough, error in points:
        if error < best:
            best = error
            front.append((rough, error))
    return front
