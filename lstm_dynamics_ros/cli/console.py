# SPDX-License-Identifier: Apache-2.0
"""What the commands share on the terminal: progress with ETA, JSON files, prose."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import sys
from typing import Any

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.workflows.listener import Listener
from tqdm import tqdm


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show a progress bar with ETA on the terminal, and nothing where there is none."""
    bar: tqdm[Any] = tqdm(desc=title, disable=None, leave=False, dynamic_ncols=True)

    def update(done: int, total: int, text: str = '') -> None:
        bar.total = total
        bar.set_postfix_str(text, refresh=False)
        bar.update(done - bar.n)

    try:
        yield update
    finally:
        bar.close()


def say(text: str = '') -> None:
    """Print a line to the person at the terminal."""
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


class Terminal(Listener):
    """Shows texts and progress on the terminal."""

    shows_texts = True

    def say(self, text: str = '') -> None:
        """See the base class."""
        say(text)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """See the base class."""
        with progress(title) as update:
            yield update


TERMINAL = Terminal()


def confirmed(question: str) -> bool:
    """Ask a person a question; True for yes."""
    return input(f'{question} Type yes to go on: ').strip().lower() == 'yes'


def write_json(path: Path | None, values: object) -> None:
    """Write ``--json FILE`` as a whole or not at all, see ``to_plain``; nothing without a path."""
    if path is None:
        return
    write_text(path, json.dumps(to_plain(values), indent=2, sort_keys=True) + '\n')
