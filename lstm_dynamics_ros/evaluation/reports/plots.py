# SPDX-License-Identifier: Apache-2.0
"""The figures of a replay report. Drawn off screen, returned as PNG bytes."""

from collections.abc import Sequence
from io import BytesIO

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.evaluation.metrics import DIVERGED
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
import numpy as np
from PIL import Image

INK = '#1f2933'
"""Colour of what was measured, and of text."""

HORIZON_COLORS = ('#2563eb', '#f59e0b', '#dc2626', '#7c3aed', '#059669')
"""Colours of the predictions, nearest horizon first."""

NAME_COLORS = {
    'model': '#2563eb',
    'ridge': '#ea580c',
    'constant_velocity': '#9333ea',
    'persistence': '#64748b',
    'noise floor': '#94a3b8',
}
"""Colour of each forecaster."""

RUNNING_SECONDS = 0.25
"""Stretch over which the error over time is averaged [s]."""

DPI = 100

UNITS = {
    'position': ('rad', 'mrad', 'm', 'mm'),
    'velocity': ('rad/s', 'mrad/s', 'm/s', 'mm/s'),
    'effort': ('N m', 'mN m', 'N', 'mN'),
}
"""Unit and thousandth of it, of turning and of sliding joints."""


def unit_of(kind: str, joint_type: str, *, small: bool = False) -> str:
    """Return the unit of a signal; with ``small`` the thousandth of it."""
    return UNITS[kind][2 * (joint_type == 'prismatic') + small]


def joint_figure(result: ReplayResult, joint: int) -> bytes:
    """Return measured and predicted, errors and residuals of one joint."""
    kinds = [k for k in ('position', 'velocity', 'effort') if result.predicted.get(k)]
    if result.card.model_kind == 'forward':
        kinds = [k for k in kinds if k != 'effort'] or kinds
    rows = 4 if result.scores else 3
    figure = white_figure(11.0, 2.7 * rows)
    axes = figure.subplots(rows, len(kinds), squeeze=False)
    window = busiest_window(result)
    joint_type = result.card.joint_types[joint]
    for column, kind in enumerate(kinds):
        _tracks(axes[0, column], result, kind, joint, window)
        _errors(axes[1, column], result, kind, joint)
        if result.scores:
            _over_horizon(axes[2, column], result.scores, kind, joint, joint_type)
        _histogram(axes[-1, column], result, kind, joint)
    return png_bytes(figure)


def summary_figure(scores: Sequence[Scores]) -> bytes:
    """Return nMSE over horizon of every forecaster, one panel per kind and mode."""
    kinds = scores[0].kinds
    figure = white_figure(11.0, 3.4 * len(scores))
    axes = figure.subplots(len(scores), len(kinds), squeeze=False)
    for row, score in enumerate(scores):
        for column, kind in enumerate(kinds):
            bars(axes[row, column], score, kind)
    return png_bytes(figure)


def bars(axes: Axes, score: Scores, kind: str) -> None:
    """Draw nMSE of every forecaster at every horizon as bars on a logarithmic scale."""
    width = 0.8 / len(score.names)
    places = np.arange(len(score.horizons))
    for number, name in enumerate(score.names):
        entries = [score.entries[kind, h, name] for h in score.horizons]
        heights = [one.nmse if np.isfinite(one.nmse) else DIVERGED for one in entries]
        left = places + (number - (len(score.names) - 1) / 2) * width
        axes.bar(left, heights, width * 0.92, color=color_of(name), label=name.replace('_', ' '))
    if score.noise_floor:
        floor = [score.noise_floor[kind, h] for h in score.horizons]
        left, right = places - 0.45, places + 0.45
        axes.hlines(floor, left, right, color=INK, linestyle=':', label='sensor noise')
    axes.set_yscale('log')
    axes.set_xticks(places, [f'{h}\n{1e3 * h * score.dt:g} ms' for h in score.horizons])
    axes.set_title(f'{kind}, {score.mode.replace("_", " ")}')
    axes.set(ylabel='nMSE', xlabel='horizon [steps]')
    axes.grid(visible=True, axis='y', alpha=0.3)
    # Room for the legend above the bars, so that it hides none.
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.28)
    axes.legend(fontsize=8, ncols=3, loc='upper left', framealpha=0.9)


def color_of(name: str) -> str:
    """Return the colour of a forecaster."""
    return NAME_COLORS.get(name, '#0d9488')


def _tracks(axes: Axes, result: ReplayResult, kind: str, joint: int, window: slice) -> None:
    """Draw measured and predicted in the zoomed window."""
    time = result.time[window]
    measured = getattr(result, kind)[window, joint]
    axes.plot(time, measured, color=INK, linewidth=2.2, label='measured')
    for number, (horizon, rows) in enumerate(sorted(result.predicted[kind].items())):
        label, color = _ahead(horizon, result.card.dt), _horizon_color(number)
        axes.plot(time, rows[window, joint], color=color, linewidth=1.1, label=label)
    axes.set_title(f'{kind}, {time[-1] - time[0]:.1f} s in detail')
    axes.set_ylabel(f'[{unit_of(kind, result.card.joint_types[joint])}]')
    _time_axis(axes)


def _errors(axes: Axes, result: ReplayResult, kind: str, joint: int) -> None:
    """Draw the running RMS of the error over the whole recording, on a logarithmic scale."""
    scale = _scale(kind)
    steps = max(1, round(RUNNING_SECONDS / result.card.dt))
    for number, horizon in enumerate(sorted(result.predicted[kind])):
        error = scale * running_rms(result.error(kind, horizon)[:, joint], steps)
        label, color = _ahead(horizon, result.card.dt), _horizon_color(number)
        axes.plot(*envelope(result.time, error), color=color, linewidth=1.0, label=label)
    axes.set_yscale('log')
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.3)  # room for the legend
    axes.set_title(f'{kind} error, RMS of {RUNNING_SECONDS:g} s')
    axes.set_ylabel(f'[{_small_unit(result, kind, joint)}]')
    _time_axis(axes)


def _over_horizon(
    axes: Axes, scores: Sequence[Scores], kind: str, joint: int, joint_type: str
) -> None:
    """Draw RMSE over horizon: the first mode in full lines, others dashed."""
    for number, score in enumerate(scores):
        if kind not in score.kinds:
            continue
        seconds = [1e3 * h * score.dt for h in score.horizons]
        for name in score.names:
            values = [
                1e3 * score.entries[kind, h, name].rmse_per_joint[joint] for h in score.horizons
            ]
            if number and name in {'persistence', 'constant_velocity'}:
                continue  # They use no effort, so the mode changes nothing.
            label = name.replace('_', ' ') + (f', {score.mode}' if number else '')
            axes.plot(
                seconds,
                values,
                color=color_of(name),
                marker='o',
                markersize=3.5,
                linewidth=2.0 if name == 'model' else 1.2,
                linestyle='--' if number else '-',
                label=label,
            )
    axes.set(xscale='log', yscale='log', title=f'{kind} RMSE over horizon', xlabel='horizon [ms]')
    axes.set_ylabel(f'[{unit_of(kind, joint_type, small=True)}]')
    axes.grid(visible=True, which='both', alpha=0.2)
    axes.legend(fontsize=7, loc='best', framealpha=0.9)


def _histogram(axes: Axes, result: ReplayResult, kind: str, joint: int) -> None:
    """Draw how the errors of each horizon are spread, in their own standard deviations."""
    unit = _small_unit(result, kind, joint)
    for number, horizon in enumerate(sorted(result.predicted[kind])):
        error = _scale(kind) * result.error(kind, horizon)[:, joint]
        error = error[np.isfinite(error)]
        if len(error) < 2:
            continue
        mean, std = float(error.mean()), float(error.std())
        label = f'{_ahead(horizon, result.card.dt)}: {mean:.2g} +- {std:.3g} {unit}'
        if std <= 1e-9 * max(abs(mean), 1e-9):
            axes.plot([], [], color=_horizon_color(number), label=label)
            continue
        axes.hist(
            (error - mean) / std,
            bins=80,
            range=(-5, 5),
            density=True,
            histtype='step',
            color=_horizon_color(number),
            linewidth=1.4,
            label=label,
        )
    axis = np.linspace(-4, 4, 200)
    density = np.exp(-(axis**2) / 2) / np.sqrt(2 * np.pi)
    axes.plot(axis, density, color=INK, linestyle=':', linewidth=1.0, label='normal')
    axes.set_yscale('log')
    axes.set_ylim(1e-4, 30)
    axes.set_title(f'{kind} residuals')
    axes.set(xlabel='(error - mean) / standard deviation', ylabel='density')
    axes.grid(visible=True, alpha=0.25)
    _legend(axes)


def _scale(kind: str) -> float:
    """Return 1000 where errors are shown in thousandths of the unit."""
    return 1.0 if kind == 'effort' else 1e3


def _small_unit(result: ReplayResult, kind: str, joint: int) -> str:
    return unit_of(kind, result.card.joint_types[joint], small=kind != 'effort')


def _ahead(horizon: int, dt: float) -> str:
    """Return how a horizon is called in legends."""
    if horizon == 0:
        return 'predicted'
    return f'{horizon} step{"s" if horizon > 1 else ""} ({1e3 * horizon * dt:g} ms) ahead'


def _horizon_color(number: int) -> str:
    return HORIZON_COLORS[number % len(HORIZON_COLORS)]


def _time_axis(axes: Axes) -> None:
    axes.set_xlabel('time [s]')
    axes.grid(visible=True, alpha=0.25)
    axes.margins(x=0.01)
    _legend(axes)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, loc='upper right', framealpha=0.85)


def white_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size [inch], drawn off screen."""
    figure = Figure(figsize=(width, height), layout='constrained', facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG, in our style."""
    for axes in figure.axes:
        axes.spines[['top', 'right']].set_visible(False)
        axes.title.set_fontsize(10)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
        axes.tick_params(labelsize=8)
    stream, small = BytesIO(), BytesIO()
    figure.savefig(stream, format='png', dpi=DPI)
    with Image.open(stream) as full:  # 96 colours are plenty for lines, and a third of the size
        full.convert('RGB').quantize(96, dither=Image.Dither.NONE).save(
            small, 'png', optimize=True
        )
    return small.getvalue()


MOST_POINTS = 3000
"""Points per curve beyond which only the envelope is drawn."""


WINDOW_SECONDS = 2.0
"""Length of the zoomed time window [s]."""


def busiest_window(result: ReplayResult) -> slice:
    """Return the rows of the window in which the joints move most while the model is warm."""
    n = len(result.stamp_ns)
    length = min(n, max(10, round(WINDOW_SECONDS / result.card.dt)))
    position = np.nan_to_num(result.position)
    spread = position.std(axis=0)
    path = np.abs(np.diff(position, axis=0, prepend=position[:1])) / np.maximum(spread, 1e-9)
    moved = np.concatenate([[0.0], np.cumsum(path.mean(axis=1) * result.warm)])
    first = int(np.argmax(moved[length:] - moved[:-length])) if n > length else 0
    return slice(first, first + length)


def running_rms(error: Vector, steps: int) -> Vector:
    """Return the root mean square of the last ``steps`` values, NaN where one of them is."""
    bad = np.isnan(error)
    squares = np.concatenate([[0.0], np.cumsum(np.where(bad, 0.0, error**2))])
    gaps = np.concatenate([[0], np.cumsum(bad)])
    mean = np.full(len(error), np.nan)
    if len(error) >= steps:
        mean[steps - 1 :] = (squares[steps:] - squares[:-steps]) / steps
        mean[steps - 1 :][gaps[steps:] != gaps[:-steps]] = np.nan
    rms: Vector = np.sqrt(np.maximum(mean, 0.0))
    return rms


def envelope(time: Vector, values: Vector) -> tuple[Vector, Vector]:
    """Return the curve, or for long ones the smallest and largest value of each stretch."""
    n = len(values)
    if n <= MOST_POINTS:
        return time, values
    per = -(-n // (MOST_POINTS // 2))
    padded = np.concatenate([values, np.full(-n % per, np.nan)]).reshape(-1, per)
    gone = np.isnan(padded).all(axis=1)
    low = np.where(gone, np.nan, np.where(np.isnan(padded), np.inf, padded).min(axis=1))
    high = np.where(gone, np.nan, np.where(np.isnan(padded), -np.inf, padded).max(axis=1))
    return np.repeat(time[::per], 2), np.column_stack([low, high]).ravel()
