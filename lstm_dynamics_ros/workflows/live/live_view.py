# SPDX-License-Identifier: Apache-2.0
"""A table in the terminal that is written over again: measurements beside predictions."""

from collections.abc import Mapping, Sequence
import math
from shutil import get_terminal_size
import sys
from typing import TextIO

from sensor_msgs.msg import JointState

BAR = 24
"""Width of the position bars [characters]."""

WIDEST = 200
"""Longest line where the width of the terminal is not known [characters]."""


class LiveView:
    """Draws on a terminal.

    Args:
        out: Where to draw.
    """

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._lines = 0

    def draw(
        self,
        measured: JointState,
        predicted: JointState,
        values: Mapping[str, str],
        *,
        columns: Mapping[str, Sequence[float]] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Draw the newest measurement beside the newest prediction.

        Args:
            measured: What was measured.
            predicted: What was predicted, for one step later.
            values: Numbers for the last line but one, by name.
            columns: More columns of the table, one value per joint, by name.
            more: Numbers for the last line, by name.
        """
        columns = columns or {}
        head = ''.join(f'  {name}' for name in columns)
        lines = [
            f'{"joint":<16}{"measured":>10}{"predicted":>11}{"velocity":>10}{head}   -pi{"pi":>22}'
        ]
        for joint, (name, q, ahead, dq) in enumerate(
            zip(
                measured.name,
                measured.position,
                predicted.position,
                measured.velocity,
                strict=False,
            )
        ):
            extra = ''.join(
                f'{column[joint]:>{len(title) + 2}.2f}' for title, column in columns.items()
            )
            lines.append(
                f'{name:<16}{q:>10.4f}{ahead:>11.4f}{dq:>10.3f}{extra}   {_bar(q, ahead)}'
            )
        lines += [
            '  '.join(f'{name} {value}' for name, value in row.items())
            for row in (values, more)
            if row is not None
        ]
        up = f'\x1b[{self._lines}A' if self._lines else ''
        width = get_terminal_size(
            (WIDEST, 24)
        ).columns  # a line that wraps could not be overwritten
        self._out.write(up + ''.join(f'\x1b[2K{line[:width]}\n' for line in lines))
        self._out.flush()
        self._lines = len(lines)


def _bar(measured: float, predicted: float) -> str:
    """Return a line with the measured (#) and the predicted (|) position."""
    cells = ['.'] * BAR
    for value, mark in ((measured, '#'), (predicted, '|')):
        if math.isfinite(value):
            cells[min(BAR - 1, max(0, int((value / math.pi + 1) / 2 * BAR)))] = mark
    return ''.join(cells)
