# SPDX-License-Identifier: Apache-2.0
"""Opens bags of every shape: folders, bare files, and files whose recorder was killed.

The rest of ``data`` sees a :class:`Bag`: topics, and raw messages in the order they were recorded.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
import hashlib
from pathlib import Path
import re
import struct
from typing import NamedTuple

from apsw import Error as SqliteError
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.mcap_recovery import Message, recover
from rosbags.rosbag2 import Reader
from rosbags.rosbag2.errors import ReaderError
import yaml

SUFFIXES = ('.mcap', '.db3')
"""Endings of bag files."""

_UNREADABLE = (
    ReaderError,
    SqliteError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    struct.error,
    RuntimeError,
)
"""What the readers raise on files that are cut off, foreign or damaged."""


class BagTopic(NamedTuple):
    """One topic of a bag."""

    name: str
    type: str
    messages: int
    """How many messages it has."""


@dataclass(frozen=True, kw_only=True)
class Bag:
    """An opened bag."""

    path: Path
    files: tuple[Path, ...]
    """Its data files."""
    topics: tuple[BagTopic, ...]
    recovered: int = 0
    """Messages rescued from files that were never finished."""
    notes: dict[str, str] = field(default_factory=dict)
    """The custom data of its metadata."""
    _readers: tuple[Callable[[Collection[str]], Iterator[Message]], ...]

    def messages(self, topics: Collection[str]) -> Iterator[Message]:
        """Yield the messages of some topics in recorded order.

        Raises:
            DataError: If the bag turns out to be damaged on the way.
        """
        for read in self._readers:
            try:
                yield from read(topics)
            except _UNREADABLE as error:
                raise _damaged(self.path, error) from error

    def sha256(self) -> str:
        """Return the checksum of all data files."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open('rb') as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()


def is_bag(path: Path) -> bool:
    """Return whether a path is one bag, rather than a folder of several or something else."""
    if path.is_file():
        return path.suffix in SUFFIXES
    return path.is_dir() and bool(_metadata_files(path) or _parts(path))


def open_bag(path: Path) -> Bag:
    """Open a rosbag2 folder, or a bare .mcap or .db3 file.

    Raises:
        DataError: If there is no bag at ``path``, or it cannot be read.
    """
    if not path.exists():
        raise DataError(f'{path} does not exist.')
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise DataError(f'{path} is not a bag: expected a folder, .mcap or .db3.')
        return _open_files(path, (path,), {})
    if listed := _metadata_files(path):
        try:
            with Reader(path) as reader:
                topics = _topics(reader)
        except _UNREADABLE as error:
            if any(file.suffix != '.mcap' for file in listed):
                raise _damaged(path, error) from error
            return _open_files(path, listed, _notes(path))
        read = partial(_read, path)
        return Bag(path=path, files=listed, topics=topics, notes=_notes(path), _readers=(read,))
    parts = _parts(path)
    if not parts:
        found = sorted(item.name for item in path.iterdir() if item.suffix in SUFFIXES)
        if found:
            raise DataError(
                f'{path} holds several bag files and no metadata.yaml that lists them. '
                f'Name one of: {", ".join(found)}.'
            )
        raise DataError(f'{path} has no metadata.yaml, .mcap or .db3 file.')
    return _open_files(path, parts, {})


def _open_files(path: Path, files: tuple[Path, ...], notes: dict[str, str]) -> Bag:
    """Open the files of a bag without metadata, the unfinished ones as streams."""
    topics: Counter[tuple[str, str]] = Counter()
    readers = []
    recovered = 0
    for file in files:
        try:
            with Reader(file) as reader:
                found = _topics(reader)
            readers.append(partial(_read, file))
        except _UNREADABLE as error:
            if file.suffix != '.mcap':
                raise _damaged(file, error) from error
            found = _recovered_topics(file)
            recovered += sum(topic.messages for topic in found)
            readers.append(partial(_recover, file))
        for topic in found:
            topics[topic.name, topic.type] += topic.messages
    return Bag(
        path=path,
        files=files,
        topics=tuple(BagTopic(*key, count) for key, count in topics.items()),
        recovered=recovered,
        notes=notes,
        _readers=tuple(readers),
    )


def _topics(reader: Reader) -> tuple[BagTopic, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for connection in reader.connections:
        counts[connection.topic, connection.msgtype] += connection.msgcount
    return tuple(BagTopic(*key, count) for key, count in counts.items())


def _read(path: Path, topics: Collection[str]) -> Iterator[Message]:
    """Read a sound bag."""
    with Reader(path) as reader:
        connections = [item for item in reader.connections if item.topic in topics]
        if connections:
            for connection, receive_ns, raw in reader.messages(connections):
                yield Message(connection.topic, connection.msgtype, receive_ns, bytes(raw))


def _recovered_topics(path: Path) -> tuple[BagTopic, ...]:
    """Return the topics of an unfinished mcap file, with what can be rescued of each."""
    counts = Counter((message.topic, message.type) for message in recover(path))
    if not counts:
        raise DataError(f'{path} was never finished and holds no whole message.')
    return tuple(BagTopic(*key, count) for key, count in counts.items())


def _recover(path: Path, topics: Collection[str]) -> Iterator[Message]:
    """Read an unfinished mcap file."""
    return (message for message in recover(path) if message.topic in topics)


def _metadata(path: Path) -> dict[str, object]:
    """Return the content of a folder's metadata.yaml, empty if there is none."""
    try:
        content = yaml.safe_load((path / 'metadata.yaml').read_text(encoding='utf-8'))
        return dict(content['rosbag2_bagfile_information'])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}


def _metadata_files(path: Path) -> tuple[Path, ...]:
    """Return the data files that a folder's metadata.yaml lists, if all of them are there."""
    listed = _metadata(path).get('relative_file_paths')
    files = tuple(path / Path(str(name)).name for name in listed) if listed else ()  # type: ignore[attr-defined]
    return files if all(file.exists() for file in files) else ()


def _notes(path: Path) -> dict[str, str]:
    custom = _metadata(path).get('custom_data')
    return {str(k): str(v) for k, v in custom.items()} if isinstance(custom, dict) else {}


def _parts(path: Path) -> tuple[Path, ...]:
    """Return the files of a bag folder whose recorder was killed before it wrote metadata.yaml.

    A recorder numbers them after one stem; a single file may be called anything.
    """
    files = [item for item in path.iterdir() if item.suffix in SUFFIXES]
    if len(files) == 1:
        return tuple(files)
    numbered = [(re.fullmatch(r'(.*)_(\d+)', file.stem), file) for file in files]
    stems = {match.group(1) if match else None for match, _ in numbered}
    if len(stems) != 1 or stems == {None}:
        return ()
    return tuple(file for _, file in sorted((int(m.group(2)), f) for m, f in numbered if m))


def _damaged(path: Path, error: BaseException) -> DataError:
    """Return what is wrong with a bag, on one line."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    return DataError(f'{path} cannot be read, it is cut off, damaged or no bag: {reason}')
