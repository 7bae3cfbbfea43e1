# SPDX-License-Identifier: Apache-2.0
"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called now and then with the steps done, the steps in all, and a short text for people.

Work that takes seconds has a parameter ``progress: Progress = no_progress``.
"""


def no_progress(done: int, total: int, text: str) -> None:
    """Take no notice of progress."""


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """Return the progress of one of several equal parts of some work, counted from 0."""

    def update(done: int, total: int, text: str) -> None:
        progress(number * total + done, parts * total, text)

    return update
