# SPDX-License-Identifier: Apache-2.0
"""How many files one pipeline tick executes.

As a program it runs a command of another checkout and counts there, so it knows that checkout by
two names alone and imports nothing of it.
"""

from collections.abc import Callable
import runpy
from statistics import mode
import sys
from types import FrameType

TICK, REFERENCE = 'Pipeline.tick', '_Again.at'
"""What is counted, and what a tick calls that belongs to the benchmark and is not."""

LAST = 50
"""Ticks that are looked at: the last, which in the benchmark are those of an armed pipeline."""


def files_per_tick(work: Callable[[], object]) -> int:
    """Return how many files of ours a tick executes, most often in the last ticks of some work."""
    counts: list[int] = []
    files: set[str] = set()
    packages, inside = '', False

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal inside, packages
        name, path, called = frame.f_code.co_qualname, frame.f_code.co_filename, event == 'call'
        if event in {'call', 'return'} and name in {TICK, REFERENCE}:
            inside = called == (name == TICK)
            if name == TICK and called:
                files.clear()
                packages = path.rpartition('lstm_dynamics_ros')[0] + 'lstm_dynamics_'
            elif name == TICK:
                counts.append(len(files))
        if inside and called and path.startswith(packages):
            files.add(path)

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return mode(counts[-LAST:])


def _command() -> None:
    try:
        runpy.run_module('lstm_dynamics_ros.cli.main', run_name='__main__')
    except SystemExit as ended:
        if ended.code:
            raise


if __name__ == '__main__':
    sys.stdout.write(f'{files_per_tick(_command)}\n')
