# SPDX-License-Identifier: Apache-2.0
"""Recordings on disk: more of them than memory holds can be looked at, one after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import overload
import weakref

from lstm_dynamics_ros.data.recording import KINDS, Recording
import numpy as np


class RecordingFiles(Sequence[Recording]):
    """Joint states of recordings, without reference and command; opened when they are asked for.

    What is opened is memory-mapped, joint by joint, and not to be written to. It takes no memory
    any more when nobody looks at it.

    Args:
        recordings: Taken one by one.
        folder: Where they are kept, in a folder that is removed with this object.
    """

    def __init__(self, recordings: Iterable[Recording], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._place = Path(mkdtemp(prefix='recordings_', dir=folder))
        weakref.finalize(self, rmtree, self._place, ignore_errors=True)
        self._known: list[Recording] = []
        for number, item in enumerate(recordings):
            for kind in ('stamp_ns', *KINDS):
                np.save(self._path(number, kind), np.asfortranarray(getattr(item, kind)))
            nothing = np.empty((0, len(item.joint_names)))
            self._known.append(
                replace(
                    item,
                    stamp_ns=np.empty(0, np.int64),
                    position=nothing,
                    velocity=nothing,
                    effort=nothing,
                    reference=None,
                    command=None,
                )
            )

    def __len__(self) -> int:
        return len(self._known)

    @overload
    def __getitem__(self, index: int) -> Recording: ...
    @overload
    def __getitem__(self, index: slice) -> list[Recording]: ...
    def __getitem__(self, index: int | slice) -> Recording | list[Recording]:
        """Open recordings."""
        number = range(len(self))[index]
        if isinstance(number, range):
            return [self[k] for k in number]
        opened = {
            # As plain arrays: thousands of rows of a memmap would each be set up in Python.
            kind: np.load(self._path(number, kind), mmap_mode='r').view(np.ndarray)
            for kind in ('stamp_ns', *KINDS)
        }
        return replace(self._known[number], **opened)

    def _path(self, number: int, kind: str) -> Path:
        return self._place / f'{number}_{kind}.npy'
