# SPDX-License-Identifier: Apache-2.0
"""Who does work that consists of many pieces, and where."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

T = TypeVar('T')
R = TypeVar('R')


class Engine(Protocol):
    """Does pieces of work that depend on nothing but what each is given."""

    @property
    def count(self) -> int:
        """How many pieces are done at the same time."""

    def __call__(
        self,
        function: Callable[[T], R],
        items: Sequence[T],
        lost: Callable[[T, str], R] | None = None,
    ) -> Iterable[R]:
        """Call a function with every item; give the results in the order of the items.

        Args:
            function: The work.
            items: What it is done with.
            lost: Gives the result of an item whose worker died twice, and why.

        Raises:
            WorkerError: If a worker died twice, and there is no ``lost``.
        """


class _ThisProcess:
    count = 1

    def __call__(
        self,
        function: Callable[[T], R],
        items: Sequence[T],
        lost: Callable[[T, str], R] | None = None,  # noqa: ARG002
    ) -> Iterable[R]:
        return (function(item) for item in items)


in_this_process: Engine = _ThisProcess()
"""One piece after the other, here: the engine without workers."""
