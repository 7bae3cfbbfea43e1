# SPDX-License-Identifier: Apache-2.0
"""The picture of a demo run: tracking before and after, what was predicted, how good and fast."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import write_bytes
from lstm_dynamics_ros.evaluation.reports.plots import (
    bars,
    busiest_window,
    INK,
    png_bytes,
    unit_of,
    white_figure,
)
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
from lstm_dynamics_ros.evaluation.reports.tracking_section import (
    correction_panel,
    error_panel,
    joint_bars,
)
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from lstm_dynamics_ros.evaluation.scores.result import Scores
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter
import numpy as np
from numpy.typing import NDArray

PREDICTED = '#2563eb'
MOST_JOINTS = 3
"""Joints whose tracks are shown, where there is no correction to show."""


def write_demo_figure(
    path: Path,
    result: ReplayResult,
    scores: Scores,
    latency_us: NDArray[np.float64] | Sequence[float],
    *,
    effect: CorrectionEffect | None = None,
    horizon: int = 50,
    joints: Sequence[str] = (),
) -> None:
    """Write the picture as PNG, under a temporary name until it is complete.

    Args:
        path: Where to.
        result: The run, with predictions at ``horizon``.
        scores: The model beside its baselines, where nothing was corrected.
        latency_us: Latencies of the run's predictions [us]; empty leaves that panel out.
        effect: Tracking before and after arming; None shows predictions only.
        horizon: Which predictions are shown over time [steps].
        joints: Which joints; the ones that move most if not given.
    """
    latency = np.asarray(latency_us, dtype=np.float64)
    shown = [result.card.joint_names.index(name) for name in joints]
    shown = shown or _liveliest(result, MOST_JOINTS if effect is None else 1)
    figure = white_figure(13.0, 7.2 if effect is None else 8.4)
    left, right = figure.subfigures(1, 2, width_ratios=(1.35, 1), squeeze=False)[0]
    if effect is None:
        tracks = left.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        _tracks(tracks, result, shown, horizon)
        panels = right.subplots(len(scores.kinds) + (len(latency) > 0), 1, squeeze=False)[:, 0]
        kinds = scores.kinds
    else:
        rows = left.subplots(3, 1)
        error_panel(rows[0], effect)
        correction_panel(rows[1], effect)
        joint_bars(rows[2], effect)
        before = replace(result, warm=result.warm & (result.stamp_ns < effect.asked_ns))
        panels = right.subplots(len(shown) + 1 + (len(latency) > 0), 1, squeeze=False)[:, 0]
        _tracks(panels[: len(shown)], before, shown, horizon)
        panels, kinds = panels[len(shown) :], scores.kinds[:1]
    for axes, kind in zip(panels, kinds, strict=False):
        bars(axes, scores, kind)
        if effect is not None:
            axes.set_title(f'{axes.get_title()}, before arming')
    if len(latency):
        _latency_panel(panels[-1], latency)
    write_bytes(path, png_bytes(figure))


def _tracks(
    tracks: Sequence[Axes], result: ReplayResult, joints: Sequence[int], horizon: int
) -> None:
    """Draw what was measured of some joints, and what had been predicted, in detail."""
    window = busiest_window(result)
    milliseconds = 1e3 * horizon * result.card.dt
    for axes, joint in zip(tracks, joints, strict=True):
        time = result.time[window]
        axes.plot(time, result.position[window, joint], color=INK, linewidth=2.4, label='measured')
        predicted = result.predicted['position'][horizon][window, joint]
        label = f'predicted {milliseconds:g} ms before'
        axes.plot(time, predicted, color=PREDICTED, linewidth=1.4, label=label)
        unit = unit_of('position', result.card.joint_types[joint])
        axes.set_ylabel(f'{result.card.joint_names[joint]} [{unit}]')
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0.0)
    tracks[0].legend(fontsize=9, loc='upper right')
    tracks[0].set_title(f'{result.recording}: {horizon} steps ahead')
    tracks[-1].set_xlabel('time [s]')


def _latency_panel(axes: Axes, latency: NDArray[np.float64]) -> None:
    """Draw the histogram of latencies with its percentiles."""
    p50, p99 = np.percentile(latency, [50, 99])
    low, high = max(latency.min(), 1e-3), latency.max() * 1.001
    bins = np.geomspace(low, high, 60).tolist()
    axes.hist(latency, bins=bins, color=PREDICTED, alpha=0.75)
    axes.set(xscale='log', yscale='log')
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(ScalarFormatter() if high < 10 * low else NullFormatter())
    for value, what in ((p50, 'p50'), (p99, 'p99')):
        axes.axvline(value, color=INK, linestyle='--', linewidth=1)
        place, units = (value, 0.92), ('data', 'axes fraction')
        axes.annotate(f' {what} {value:.0f} us', place, fontsize=8, xycoords=units)
    axes.set_ylim(top=4 * axes.get_ylim()[1])
    axes.set(title='latency of a prediction', xlabel='[us]')
    axes.tick_params(axis='x', which='minor', labelsize=7)
    axes.set_ylabel('predictions')


def _liveliest(result: ReplayResult, most: int) -> list[int]:
    """Return the joints that move most, in joint order."""
    spread = np.nan_to_num(np.nanstd(result.position, axis=0))
    return sorted(np.argsort(spread)[::-1][:most].tolist())
