# SPDX-License-Identifier: Apache-2.0
"""How sure the models of the benchmark are and what disturbs them, as rows of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_dynamics_bench.published.result import SetResult

SURE_HEAD = (
    'set',
    'steps',
    'static coverage',
    'width',
    'adaptive',
    'width',
    'target',
    'novelty top/bottom',
)
"""Columns of :func:`sure_rows`; widths are full ones, in RMSE of the test."""


def sure_rows(items: Sequence[SetResult]) -> list[tuple[str, ...]]:
    """Return coverage and novelty of every set that has them, of its first seed."""
    rows = []
    for item in items:
        extras = next(iter(item.scores.values())).extras
        coverage, ood = extras.get('coverage') or {}, extras.get('ood') or {}
        if 'static' not in coverage:
            continue
        rows.append(
            (
                item.name,
                str(coverage['folds'][0]['horizon'] or 'now'),
                *(
                    f'{coverage[key]:.3f}'
                    if key in ('static', 'adaptive')
                    else f'{coverage[key]:.2f}'
                    for key in (
                        'static',
                        'width_in_rmse',
                        'adaptive',
                        'adaptive_width_in_rmse',
                        'target',
                    )
                ),
                f'{ood["ratio"]:.2f}' if 'ratio' in ood else '',
            )
        )
    return rows


def robustness_tables(found: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return title, head and rows of every disturbance: errors over the undisturbed one.

    Args:
        found: The JSON of a
            :class:`~lstm_dynamics_ros.evaluation.robustness.result.Robustness`.
    """
    channels = list(found['channels'])
    tables = []
    for curve in found['curves'].values():
        rows = []
        for level in curve['levels']:
            ratios = [level['figures'].get(channel, {}).get('ratio') for channel in channels]
            rows.append(
                [
                    f'{level["size"]:g}',
                    *('-' if ratio is None else f'{ratio:.3g}' for ratio in ratios),
                    f'{100 * level["answered"]:.1f} %',
                ]
            )
        tables.append((curve['title'], [curve['unit'], *channels, 'answered'], rows))
    return tables
