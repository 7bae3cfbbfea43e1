# SPDX-License-Identifier: Apache-2.0
"""Processes that share long work and end with the command."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
import os
import signal
import sys


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that clean up and end silently on Ctrl-C, without starting anything more.

    They are spawned: torch and its threads do not survive a fork.
    """
    processes = ProcessPoolExecutor(workers, get_context('spawn'), _end_on_ctrl_c)
    try:
        yield processes
    finally:
        processes.shutdown(cancel_futures=True)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let numerical libraries of processes started meanwhile use one thread.

    More would only get in each other's way.
    """
    before = os.environ.get('OMP_NUM_THREADS')
    os.environ['OMP_NUM_THREADS'] = '1'
    try:
        yield
    finally:
        if before is None:
            del os.environ['OMP_NUM_THREADS']
        else:
            os.environ['OMP_NUM_THREADS'] = before


def _end_on_ctrl_c() -> None:
    signal.signal(signal.SIGINT, lambda number, frame: sys.exit(130))  # noqa: ARG005
