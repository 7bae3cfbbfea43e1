# SPDX-License-Identifier: Apache-2.0
"""Tables for the terminal: every table that a command prints is laid out here."""

from collections.abc import Sequence


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return rows of text as a table, as wide as its widest cells, two spaces between columns.

    Args:
        head: Titles of the columns.
        rows: Cells of each row, one per column.
        left: How many columns are aligned left, for names and sentences; the others, for numbers,
            are aligned right.

    Raises:
        ValueError: If a row has another number of cells than the head.
    """
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = [
        '  '.join(
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    return '\n'.join(lines)
