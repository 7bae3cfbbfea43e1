# SPDX-License-Identifier: Apache-2.0
"""Workers that share long work: processes of this machine, or Ray.

What a worker was doing when it died, killed or out of memory, is done once more by a fresh one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, ExitStack
import os
from pathlib import Path
from queue import LifoQueue
from typing import Any, TypeVar

from lstm_dynamics_ros.core.engine import Engine, in_this_process
from lstm_dynamics_ros.core.errors import ConfigError, WorkerError
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.pool import one_thread_each, pool
from lstm_dynamics_ros.workflows.ray_cluster import ray_cluster, require_ray

T = TypeVar('T')
R = TypeVar('R')

Attempt = Callable[[Callable[[Any], Any], Any], Any]
"""Has a worker call a function with an item; raises WorkerError if the worker dies."""


class Workers:
    """Do work side by side, each piece at most twice.

    Args:
        count: How many pieces are done at the same time.
        attempt: Has a worker do one.
        cancel: Ends what is being done; without, it is waited for.
    """

    def __init__(
        self, count: int, attempt: Attempt, cancel: Callable[[], None] = lambda: None
    ) -> None:
        self.count = count
        self._attempt, self._cancel, self._ended = attempt, cancel, False
        self._threads = ThreadPoolExecutor(count)  # They wait for the workers.

    def __call__(
        self,
        function: Callable[[T], R],
        items: Sequence[T],
        lost: Callable[[T, str], R] | None = None,
    ) -> Iterable[R]:
        """Do all pieces; see :class:`.Engine`."""
        return self._threads.map(lambda item: self._done(function, item, lost), items)

    def submit(
        self,
        function: Callable[[T], R],
        item: T,
        lost: Callable[[T, str], R] | None = None,
    ) -> Future[R]:
        """Do one piece meanwhile."""
        return self._threads.submit(self._done, function, item, lost)

    def end(self) -> None:
        """Begin nothing more."""
        self._ended = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._cancel()
        self._threads.shutdown()

    def _done(self, function: Callable[[T], R], item: T, lost: Callable[[T, str], R] | None) -> R:
        found: R
        try:
            found = self._attempt(function, item)
        except WorkerError:
            if self._ended:
                raise
            try:
                found = self._attempt(function, item)
            except WorkerError as error:
                if lost is None:
                    raise
                found = lost(item, str(error))
        return found


def check_engine(options: EngineOptions) -> None:
    """Refuse workers that cannot be had, before anything is read.

    Raises:
        ConfigError: If options do not go together, or there is no such cluster.
        MissingLibraryError: If Ray is not installed.
    """
    if options.workers < 0:
        raise ConfigError(f'--workers must be at least 1, or 0 for all, got {options.workers}.')
    if options.engine == 'ray':
        require_ray(options.address)
    elif options.address:
        raise ConfigError('--address is that of a Ray cluster. Add --engine ray, or leave it out.')


@contextmanager
def workers_of(options: EngineOptions, *folders: Path) -> Iterator[Workers]:
    """Give workers.

    Args:
        options: Which, and how many.
        folders: Folders that all of them must see; made if they are not there.

    Raises:
        ConfigError: As :func:`check_engine`, or if a machine does not see a folder.
        MissingLibraryError: If Ray is not installed.
    """
    check_engine(options)
    with ExitStack() as stack:
        if options.engine == 'ray':
            cluster = stack.enter_context(ray_cluster(options.address, options.workers, folders))
            workers = Workers(cluster.count, cluster.attempt, cluster.cancel)
        else:
            count = options.workers or os.cpu_count() or 1
            workers = Workers(count, stack.enter_context(_processes(count)))
        stack.callback(workers.end)
        yield workers


@contextmanager
def engine_of(options: EngineOptions, *folders: Path) -> Iterator[Engine]:
    """Give who does the work: workers, or this process where it would be the only one."""
    if options.engine == 'local' and (options.workers or os.cpu_count()) == 1:
        check_engine(options)
        yield in_this_process
        return
    with workers_of(options, *folders) as workers:
        yield workers


@contextmanager
def _processes(count: int) -> Iterator[Attempt]:
    """Give processes of this machine, each a pool of its own: who has died is known.

    The last one that was used is used first, so that no more are started than there is work for.
    """
    free: LifoQueue[Any] = LifoQueue()
    with one_thread_each(), ExitStack() as started:
        for _ in range(count):
            free.put(started.enter_context(pool(1)))

        def attempt(function: Callable[[T], R], item: T) -> R:
            process = free.get()
            try:
                found: R = process.submit(function, item).result()
            except BrokenProcessPool as error:
                process = started.enter_context(pool(1))
                raise WorkerError from error
            finally:
                free.put(process)
            return found

        yield attempt
