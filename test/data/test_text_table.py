# SPDX-License-Identifier: Apache-2.0
"""Tests for text_table.py."""

from lstm_dynamics_ros.data.text_table import text_table
import pytest

HEAD = ('joint', 'error', 'note')
ROWS = [('shoulder', '1.25', 'ok'), ('wrist', '10.50', '')]


def test_names_stand_on_the_left_and_numbers_on_the_right() -> None:
    lines = ['joint     error  note', 'shoulder   1.25    ok', 'wrist     10.50']
    assert text_table(HEAD, ROWS).splitlines() == lines


def test_columns_of_text_are_aligned_left() -> None:
    assert text_table(HEAD, ROWS, left=3).splitlines()[1] == 'shoulder  1.25   ok'


def test_a_table_without_rows_is_its_head() -> None:
    assert text_table(HEAD, []) == 'joint  error  note'


def test_a_row_that_lacks_a_cell_is_refused() -> None:
    with pytest.raises(ValueError, match='argument'):
        text_table(HEAD, [('shoulder', '1.25')])
