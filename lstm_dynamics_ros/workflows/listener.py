# SPDX-License-Identifier: Apache-2.0
"""To whom long work says what it finds and how far it is: a terminal, a function, or nobody."""

from collections.abc import Iterator
from contextlib import contextmanager

from lstm_dynamics_ros.core.progress import no_progress, Progress


class Listener:
    """Takes no notice. Subclasses show texts and progress."""

    shows_texts = False
    """Whether it is worth while to make texts for it."""

    def say(self, text: str = '') -> None:
        """Take a line of text for people."""

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:  # noqa: ARG002 - for subclasses
        """Yield what is called with the progress of one part of the work.

        Args:
            title: Name of the part, one word or two.
        """
        yield no_progress


class ProgressListener(Listener):
    """Hands progress to a function.

    Args:
        on_progress: Called with steps done, steps in all, and what is being done.
    """

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """See the base class."""

        def tagged(done: int, total: int, text: str = '') -> None:
            self._on_progress(done, total, f'{title}: {text}' if text else title)

        yield tagged


SILENT = Listener()


def listener_of(on_progress: Progress | Listener) -> Listener:
    """Return the listener that was given, or one that calls the function that was given."""
    if isinstance(on_progress, Listener):
        return on_progress
    return SILENT if on_progress is no_progress else ProgressListener(on_progress)
