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
    rows: list[list[html.Entry]] = [
        [
            name,
            f'{joint["before_mrad"]:.3g}',
            f'{joint["after_mrad"]:.3g}',
            _ratio(joint['after_mrad'], joint['before_mrad']),
            f'{joint["correction_rms_nm"]:.3g}',
        ]
        for name, joint in found['per_joint'].items()
    ]
    rows.append(
        [
            'all',
            f'{found["before_mrad"]:.3g}',
            f'{found["after_mrad"]:.3g}',
            _ratio(found['after_mrad'], found['before_mrad']),
            '',
        ]
    )
    note = (
        'Reference minus true position, RMS over two stretches of '
        f'{found["compared_s"]:.1f} s in which the robot makes the same motion: before arming, '
        f'and after the correction has faded in over {found["fade_in_s"]:g} s.'
    )
    head = ['tracking error [mrad]', 'before', 'after', 'after / before', 'correction RMS [N m]']
    body = [
        html.image(png_bytes(figure), 'tracking before and after arming'),
        html.table(head, rows),
        html.paragraph(note, soft=True),
    ]
    return html.Section('tracking', 'Tracking before and after arming', '\n'.join(body))


def _ratio(after: float, before: float) -> html.Entry:
    """Return a ratio, coloured by whether it is a gain."""
    ratio = after / before
    return f'{ratio:.3g}', 'good' if ratio <= 1 else 'bad'
