# SPDX-License-Identifier: Apache-2.0
"""The table in the terminal."""

from lstm_dynamics_bench.published.result import RealResult
from lstm_dynamics_bench.published.table import real_table, rows_of


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
    assert '2 frozen figures of the opponents were reproduced' in text
    assert 'trained in 3.0 min of one core, scored in 5 s' in text


def test_a_diverged_figure_is_no_number_and_never_counts(diverged: RealResult) -> None:
    free, _ = rows_of(diverged)
    assert free.cells[2:4] == ('diverged', '9 .. diverged')
    assert free.reached is False
    assert 'kr300: 2 of 12 free runs diverged (free run MAE)' in real_table(diverged)
