# SPDX-License-Identifier: Apache-2.0
"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called now and then with the steps done, the steps in all, and a short text for people.

Work that takes seconds has a parameter ``progress: Progress = no_progress``.
"""


def no_progress(done: int, total: int, text: str) -> None:
    """Take no notice of progress."""
