# SPDX-License-Identifier: Apache-2.0
"""Writes whole bags.

A bag is written under a temporary name and renamed at the end, so it is there whole or not at all.
:class:`~lstm_dynamics_ros.data.bags.recorder.BagStream` is for live recording, where what has been
written must survive a crash.
"""

from collections.abc import Iterator, Mapping
import heapq
import os
from pathlib import Path
import shutil

from lstm_dynamics_ros.core.errors import DataError, UnknownNameError
from lstm_dynamics_ros.core.state import Stamps
from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE, TRAJECTORY
from lstm_dynamics_ros.data.bags.messages import (
    absolute,
    joint_state,
    joint_trajectory,
    typestore,
)
from lstm_dynamics_ros.data.bags.storage import is_bag
from lstm_dynamics_ros.data.recording import Recording, Track, TRACK_KINDS
import numpy as np
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer

STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
"""Kinds of bag file."""


class BagWriter:
    """Context manager that writes messages of several topics to a new bag.

    Args:
        path: Folder of the bag; made on leaving the context without an error.
        storage: One of :data:`STORAGES`.
        overwrite: Whether a bag that is already there is replaced.
        notes: Custom data for its metadata.

    Raises:
        UnknownNameError: If ``storage`` is not known.
        DataError: If something is there already.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        storage: str = 'mcap',
        overwrite: bool = False,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        if storage not in STORAGES:
            raise UnknownNameError('bag storage', storage, STORAGES)
        if self.path.exists() and not (overwrite and is_bag(self.path)):
            what = 'is no bag, so it is left alone' if overwrite else 'exists already'
            raise DataError(f'{self.path} {what}. Choose another name, or delete it.')
        self._temporary = self.path.with_name(f'.{self.path.name}.{os.getpid()}.part')
        self._writer = Writer(
            self._temporary / self.path.name, version=9, storage_plugin=STORAGES[storage]
        )
        for key, value in (notes or {}).items():
            self._writer.set_custom_data(key, value)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> 'BagWriter':
        self._writer.open()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._writer.close()
                if self.path.exists():
                    _remove(self.path)
                (self._temporary / self.path.name).replace(self.path)
            else:
                self._writer.abort()
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def write(self, topic: str, kind: str, stamp_ns: int, message: object) -> None:
        """Write one message.

        Args:
            topic: Name of the topic.
            kind: Message type, e.g. sensor_msgs/msg/JointState.
            stamp_ns: Time at which it was received [ns].
            message: The message, made by :mod:`~lstm_dynamics_ros.data.bags.messages`, or CDR
                bytes.
        """
        name = absolute(topic)
        if name not in self._connections:
            self._connections[name] = self._writer.add_connection(
                name, kind, typestore=typestore()
            )
        raw = message if isinstance(message, bytes) else typestore().serialize_cdr(message, kind)
        self._writer.write(self._connections[name], stamp_ns, raw)


def write_bag(
    recording: Recording,
    path: Path | str,
    *,
    storage: str = 'mcap',
    topic: str = 'joint_states',
    overwrite: bool = False,
) -> None:
    """Write a recording, with its reference and command if it has them, to a new bag.

    Args:
        recording: What to write.
        path: Folder of the bag.
        storage: 'mcap' or 'sqlite3'.
        topic: Topic of the joint states; the tracks go to reference and command beside it.
        overwrite: Whether a bag that is already there is replaced.

    Raises:
        DataError: If something is there already.
    """
    types = zip(recording.joint_names, recording.joint_types, strict=True)
    notes = {**recording.notes, 'joint_types': ','.join(f'{n}={t}' for n, t in types)}
    namespace = absolute(topic).rsplit('/', 1)[0]
    streams = [_joint_states(recording, absolute(topic))]
    for name, track in (('reference', recording.reference), ('command', recording.command)):
        if track is not None:
            streams.append(_points(track, f'{namespace}/{name}'))
    with BagWriter(path, storage=storage, overwrite=overwrite, notes=notes) as bag:
        for stamp_ns, name, kind, message in heapq.merge(*streams, key=lambda item: item[0]):
            bag.write(name, kind, stamp_ns, message)


_Stream = Iterator[tuple[int, str, str, object]]


def _joint_states(recording: Recording, topic: str) -> _Stream:
    receive = _receive_times(recording.stamp_ns)
    names = recording.joint_names
    signals = zip(recording.position, recording.velocity, recording.effort, strict=True)
    for when, stamp, row in zip(receive, recording.stamp_ns.tolist(), signals, strict=True):
        yield when, topic, JOINT_STATE, joint_state(stamp, names, *row)


def _points(track: Track, topic: str) -> _Stream:
    receive = _receive_times(track.stamp_ns)
    for row, (when, stamp) in enumerate(zip(receive, track.stamp_ns.tolist(), strict=True)):
        point = {kind: getattr(track, kind)[row] for kind in TRACK_KINDS}
        yield when, topic, TRAJECTORY, joint_trajectory(stamp, track.joint_names, [point])


def _receive_times(stamps: Stamps) -> list[int]:
    """Return times of reception that keep the order of the rows, where stamps may step back."""
    times: list[int] = np.maximum.accumulate(stamps).tolist()
    return times


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
