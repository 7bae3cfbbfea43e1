# SPDX-License-Identifier: Apache-2.0
"""The table in the terminal."""

from lstm_dynamics_bench.published.result import RealResult, SetResult
from lstm_dynamics_bench.published.table import (
    known_errors_rows,
    real_table,
    robustness_tables,
    rows_of,
)


def test_ours_stands_beside_the_linear_and_the_published_figure(result: RealResult) -> None:
    free, sixty = rows_of(result)
    assert free.cells == (
        'kr300',
        'free run of whole blocks, mean absolute error [deg]',
        '10',
        '9 .. 11',
        '14.39 FIR(60)',
        '10.83 MA-LSTM-MLP',
        '<= 10.8',
        '9',
    )
    assert free.reached
    assert sixty.cells[4:6] == ('0.6177 ARX(10)', '0.409 LSTM')
    assert sixty.reached  # 0.4 is not above the bar


def test_what_failed_and_what_was_reproduced_is_said(result: RealResult) -> None:
    text = real_table(result)
    assert 'emps has no figures: emps model: the loss is not finite.' in text
    assert '2 frozen figures of the baselines were reproduced' in text
    assert 'trained in 3.0 min of one core, scored in 5 s' in text


def test_a_diverged_figure_is_no_number_and_never_counts(diverged: RealResult) -> None:
    free, _ = rows_of(diverged)
    assert free.cells[2:4] == ('diverged', '9 .. diverged')
    assert free.reached is False
    assert 'kr300: 2 of 12 free runs diverged (free run MAE)' in real_table(diverged)


def test_a_disturbance_is_a_table_of_errors_over_the_undisturbed() -> None:
    levels = [
        {'size': 0, 'answered': 1.0, 'figures': {'effort': {'ratio': 1.0}}},
        {'size': 2.5, 'answered': 0.5, 'figures': {'effort': {'ratio': None}}},
    ]
    found = {
        'channels': ['effort'],
        'curves': {'noise': {'title': 'Noise', 'unit': 'x own', 'levels': levels}},
    }
    ((title, head, rows, _),) = robustness_tables(found)
    assert title == 'Noise'
    assert head == ['x own', 'effort', 'answered']
    assert rows == [['0', '1', '100.0 %'], ['2.5', '-', '50.0 %']]


def test_coverage_and_novelty_of_a_set_stand_in_one_row(kr300_result: SetResult) -> None:
    ((name, *cells),) = known_errors_rows([kr300_result])
    assert name == 'kr300'
    assert cells == ['60', '0.900', '3.30', '0.910', '3.40', '0.90', '4.25']
