# SPDX-License-Identifier: Apache-2.0
"""The part of a report that shows how well a model knows how wrong it is."""

from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.plots import HORIZON_COLORS, INK, png_bytes, white_figure
from lstm_dynamics_ros.evaluation.scores.novelty import NoveltyCheck
from lstm_dynamics_ros.evaluation.scores.uncertainty import Coverage, Uncertainty
from matplotlib.axes import Axes
import numpy as np

CLOSE = 0.05
"""Difference between coverage and target that is shown as good."""


def uncertainty_section(found: Uncertainty) -> html.Section:
    """Return coverage against target, widths, and errors by decile of novelty."""
    covered, check = found.coverage, found.novelty
    figure = white_figure(11.0, 4.2)
    panels = figure.subplots(1, 2 if covered is not None else 1, squeeze=False)[0]
    decile_panel(panels[-1], check)
    if covered is not None:
        reliability_panel(panels[0], covered)
    body = html.render(
        'uncertainty_section.html',
        picture=png_bytes(figure),
        table=None if covered is None else _table(covered),
        why_unbounded=found.why_unbounded,
        members=check.members,
    )
    return html.Section('uncertainty', 'How sure it is', body)


def reliability_panel(axes: Axes, covered: Coverage) -> None:
    """Draw coverage against target: on the diagonal the bounds keep what they promise."""
    low = min((cover.target for cover in covered.covers), default=0.5) - 0.05
    axes.plot([low, 1], [low, 1], color=INK, linewidth=0.8, linestyle=':')
    for number, horizon in enumerate(covered.forecasts):
        color = HORIZON_COLORS[number % len(HORIZON_COLORS)]
        target, static, adaptive = covered.curve(horizon)
        label = f'+{horizon}' if horizon else 'effort now'
        axes.plot(target, static, color=color, marker='o', label=f'{label}, static')
        dashed = f'{label}, adaptive'
        axes.plot(target, adaptive, color=color, marker='x', linestyle='--', label=dashed)
    axes.set_xlim(low, 1.0)
    axes.set(title='coverage against target', xlabel='target', ylabel='share within the bounds')
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize=8)


def decile_panel(axes: Axes, check: NoveltyCheck) -> None:
    """Draw the error in each tenth of the score."""
    places = np.arange(1, len(check.rms) + 1)
    heights = np.sqrt(np.mean(check.rms**2, axis=1))
    axes.bar(places, heights, color=HORIZON_COLORS[0])
    axes.axhline(1.0, color=INK, linewidth=0.8, linestyle=':')
    ahead = f', {check.horizon} steps ahead' if check.horizon else ''
    axes.set_title(f'error by novelty{ahead}: top over bottom {check.ratio:.2g}')
    labels = [f'{place}\n{s:.2g}' for place, s in zip(places, check.scores, strict=True)]
    axes.set_xticks(places, labels)
    axes.set_xlabel('tenth of the forecasts, least unusual first; median score')
    axes.set_ylabel('RMS error / RMSE')
    axes.grid(visible=True, axis='y', alpha=0.3)


def _table(covered: Coverage) -> html.Table:
    """Return coverage and widths at the headline's miss rate."""
    shares_head = ['worst joint', 'width']
    head = ['', 'steps', 'target', 'static', *shares_head, 'adaptive', *shares_head]
    rows: list[list[html.Entry]] = []
    for cover in covered.at_target():
        row: list[html.Entry] = [cover.kind, str(cover.horizon), f'{cover.target:.2f}']
        bounds = ((cover.static, cover.width), (cover.adaptive, cover.adaptive_width))
        for shares, width in bounds:
            worst = int(np.argmax(np.abs(shares - cover.target)))
            mean = float(shares.mean())
            row.append((f'{mean:.3f}', 'good' if abs(mean - cover.target) <= CLOSE else 'bad'))
            row.append(f'{shares[worst]:.3f} in {covered.joint_names[worst]}')
            row.append(f'{width.mean():.2f}')
        rows.append(row)
    return html.Table('', head, rows)
