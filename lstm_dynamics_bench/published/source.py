# SPDX-License-Identifier: Apache-2.0
"""A published set on disk: its files, its bags, and the segments a model sees."""

from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from lstm_dynamics_bench.published.cache import code_digest, data_digest, key_of
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.reader import read_recordings
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import Segment, segments
from lstm_dynamics_ros.data.tables.convert import convert
from lstm_dynamics_ros.data.tables.mapping import load_mapping, Mapping


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a set comes from, and where its bags are kept."""

    name: str
    mapping: Mapping
    sha256: str
    """Digest of its files."""
    folder: Path
    bags: Path
    """Folder of its bags, there once :func:`converted`."""

    @property
    def velocity_source(self) -> str:
        """Whether the velocity was measured or is derived from the positions."""
        return 'measured' if self.mapping.velocity.given else 'derived'

    def recordings(self, names: Sequence[str], joints: Sequence[str] = ()) -> list[Recording]:
        """Return the recordings of some trajectories.

        Args:
            names: Which ones, in this order.
            joints: Which joints; all of the mapping if empty.
        """
        every = self.mapping.joint_names
        types = dict(zip(every, self.mapping.types(len(every)), strict=True))
        return read_recordings(
            [self.bags / name for name in names],
            joint_names=tuple(joints or every),
            joint_types=types,
        )

    def segments(self, names: Sequence[str], card: ModelCard) -> list[Segment]:
        """Return trajectories on the time grid of a model."""
        derive = card.velocity_source == 'derived'
        return [
            segment
            for recording in self.recordings(names, card.joint_names)
            for segment in segments(recording, card.dt, derive_velocity=derive)
        ]

    def names(self) -> list[str]:
        """Return the names of the trajectories, once they are converted, in natural order."""
        found = [path.name for path in self.bags.iterdir() if path.is_dir()]
        return sorted(found, key=lambda name: (len(name), name))


def find_source(data: Path, name: str, cache: Path) -> Source:
    """Return a set in a data folder.

    Args:
        data: Folder of all sets.
        name: Name of the set.
        cache: Folder for all that is kept.

    Raises:
        DataError: If the folder or a file is not there.
    """
    own = SETS[name].folder or name
    folder = data / own
    if not data.is_dir():
        raise DataError(f'There is no folder {data}. Say where the data are with --data.')
    if not folder.is_dir():
        there = ', '.join(sorted(p.name for p in data.iterdir() if p.is_dir())) or 'none'
        raise DataError(f'{data} has no folder {own}. It has: {there}. Choose with --set.')
    mapping = load_mapping(SETS[name].mapping)
    files: list[Path] = []
    for _, pattern in mapping.patterns():
        found = sorted(folder.glob(pattern))
        if not found:
            raise DataError(f'{folder} has no file {pattern}.')
        files += found
    digest = data_digest(folder, files)
    key = key_of({'data': digest, 'mapping': repr(mapping), 'code': code_digest(('data',))})
    return Source(
        name=name,
        mapping=mapping,
        sha256=digest,
        folder=folder,
        bags=cache / 'bags' / f'{own}-{key}',
    )


def converted(source: Source) -> list[str]:
    """Convert a set to bags unless that was done before; return the names of its trajectories."""
    if not source.bags.is_dir():
        unfinished = source.bags.with_name(f'{source.bags.name}.{os.getpid()}.part')
        shutil.rmtree(unfinished, ignore_errors=True)
        convert(source.folder, source.mapping, unfinished)
        try:
            unfinished.rename(source.bags)
        except OSError:  # somebody else was faster
            shutil.rmtree(unfinished, ignore_errors=True)
    return source.names()
