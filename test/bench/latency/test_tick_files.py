# SPDX-License-Identifier: Apache-2.0
"""The files of a tick are counted, those of the benchmark's own reference are not."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_bench.latency.tick_files import files_per_tick


def define(path: Path, source: str, **known: object) -> dict[str, object]:
    """Run some source as if it stood in a file; return its names."""
    names = dict(known)
    exec(compile(source, str(path), 'exec'), names)
    return names


def planted_tick(folder: Path) -> Callable[[int], object]:
    """Return a tick that passes its own file and that of the gate, and another's for a one."""
    package = folder / 'lstm_dynamics_ros'
    known = define(package / 'gate.py', 'def gate():\n    return [x for x in range(2)]\n')
    known |= define(package / 'rare.py', 'def rare(): ...\n')
    known |= define(package / 'motion.py', 'def motion(): ...\n')
    known |= define(folder / 'numpy' / 'sum.py', 'def total(): ...\n')
    source = 'class _Again:\n    def at(self): motion()\n'
    known |= define(folder / 'lstm_dynamics_bench' / 'ticks.py', source, motion=known['motion'])
    source = (
        'class Pipeline:\n    def tick(self, k):\n'
        '        _Again().at()\n        total()\n        gate()\n        if k == 1: rare()\n'
    )
    names = define(package / 'pipeline.py', source, **known)
    tick: Callable[[int], object] = names['Pipeline']().tick  # type: ignore[operator]
    return tick


def test_files_of_the_packages_count_but_no_library_and_no_reference(tmp_path: Path) -> None:
    tick = planted_tick(tmp_path)
    assert files_per_tick(lambda: tick(0)) == 2
    assert files_per_tick(lambda: tick(1)) == 3


def test_what_most_of_the_last_ticks_execute_is_told(tmp_path: Path) -> None:
    tick = planted_tick(tmp_path)
    assert files_per_tick(lambda: [tick(int(k < 60 or k == 99)) for k in range(110)]) == 2
