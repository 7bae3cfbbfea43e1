# SPDX-License-Identifier: Apache-2.0
"""The part of a report that shows tracking before and after arming."""

from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.correction_plots import (
    correction_panel,
    error_panel,
    joint_bars,
)
from lstm_dynamics_ros.evaluation.reports.plots import png_bytes, white_figure
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect


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
