# SPDX-License-Identifier: Apache-2.0
"""Rows of how sure models are and of what disturbs them."""

from lstm_dynamics_bench.published.extra_tables import robustness_tables, sure_rows
from lstm_dynamics_bench.published.result import SetResult


def test_a_disturbance_is_a_table_of_errors_over_the_undisturbed() -> None:
    levels = [
        {'size': 0, 'answered': 1.0, 'figures': {'effort': {'ratio': 1.0}}},
        {'size': 2.5, 'answered': 0.5, 'figures': {'effort': {'ratio': None}}},
    ]
    found = {
        'channels': ['effort'],
        'curves': {'noise': {'title': 'Noise', 'unit': 'x own', 'levels': levels}},
    }
    ((title, head, rows),) = robustness_tables(found)
    assert title == 'Noise'
    assert head == ['x own', 'effort', 'answered']
    assert rows == [['0', '1', '100.0 %'], ['2.5', '-', '50.0 %']]


def test_coverage_and_novelty_of_a_set_stand_in_one_row(kr300_result: SetResult) -> None:
    ((name, *cells),) = sure_rows([kr300_result])
    assert name == 'kr300'
    assert cells == ['60', '0.900', '3.30', '0.910', '3.40', '0.90', '4.25']
