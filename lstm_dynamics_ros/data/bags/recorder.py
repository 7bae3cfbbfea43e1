# SPDX-License-Identifier: Apache-2.0
"""Writes messages to an mcap bag while they come in, so that a crash costs at most a second.

The bag folder is there from the first message on, and what it holds is handed to the operating
system at least every ``period``: whatever ends the process, kill -9 included, leaves a file from
which :mod:`~lstm_dynamics_ros.data.bags.mcap_recovery` reads all of it. Closing adds the index and
metadata.yaml, and then it is a bag like any other.
"""

from collections.abc import Mapping
import os
from pathlib import Path
import shutil
import threading
from typing import Any

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.messages import absolute, typestore
from mcap.writer import CompressionType, Writer
import yaml


class BagStream:
    """Context manager that writes serialised messages as they come. May be used from any thread.

    Args:
        path: Folder of the bag; made at once.
        notes: Custom data for its metadata.
        period: Longest time that a message waits before it is safe from a crash [s].

    Raises:
        DataError: If something is there already.
    """

    def __init__(
        self, path: Path | str, *, notes: Mapping[str, str] | None = None, period: float = 0.5
    ) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True)
        except FileExistsError as error:
            raise DataError(f'{self.path} exists already. Choose another name.') from error
        self.counts: dict[str, int] = {}
        """Messages written, by topic."""
        self._notes = dict(notes or {})
        self._types: dict[str, str] = {}
        self._span: tuple[int, int] | None = None
        self._store = typestore()
        self._name = f'{self.path.name}_0.mcap'
        self._file = (self.path / self._name).open('wb')
        # Uncompressed: cheap beside a control loop, and readable up to the last whole message.
        self._mcap = Writer(self._file, compression=CompressionType.NONE)
        self._mcap.start(profile='ros2', library='lstm_dynamics_ros')
        self._channels: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._period = period
        self._flusher = threading.Thread(target=self._keep_flushing, daemon=True)
        self._flusher.start()

    def __enter__(self) -> 'BagStream':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, topic: str, kind: str, stamp_ns: int, raw: bytes) -> None:
        """Write one message.

        Args:
            topic: Name of the topic.
            kind: Message type, e.g. sensor_msgs/msg/JointState.
            stamp_ns: Time at which it was received [ns].
            raw: The message in CDR, as a raw subscription delivers it.

        Raises:
            DataError: If the message type is not known, or the stream is closed.
        """
        name = absolute(topic)
        with self._lock:
            if self._closed.is_set():
                raise DataError(f'{self.path} is closed, so nothing more can be written to it.')
            if name not in self._channels:
                self._channels[name] = self._add_channel(name, kind)
            self._mcap.add_message(
                self._channels[name],
                log_time=stamp_ns,
                data=raw,
                publish_time=stamp_ns,
                sequence=self.counts[name],
            )
            self.counts[name] += 1
            first, last = self._span or (stamp_ns, stamp_ns)
            self._span = min(first, stamp_ns), max(last, stamp_ns)

    def flush(self) -> None:
        """Hand everything written so far to the operating system, and the disk."""
        with self._lock:
            if self._closed.is_set():
                return
            self._mcap.flush()
            descriptor = os.dup(self._file.fileno())
        try:
            os.fsync(descriptor)  # not under the lock: a slow disk must not delay messages
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Finish the bag; a bag without any message is removed. May be called again."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            self._mcap.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        self._flusher.join()
        if self._span is None:
            shutil.rmtree(self.path)
            return
        text = yaml.safe_dump({'rosbag2_bagfile_information': self._metadata(*self._span)})
        write_text(self.path / 'metadata.yaml', text)

    def _keep_flushing(self) -> None:
        while not self._closed.wait(self._period):
            self.flush()

    def _add_channel(self, topic: str, kind: str) -> int:
        if kind not in self._store.fielddefs:
            raise DataError(f'{topic} has type {kind}, which is not known, so it is not recorded.')
        definition, _ = self._store.generate_msgdef(kind, ros_version=2)
        schema = self._mcap.register_schema(kind, 'ros2msg', definition.encode())
        self._types[topic] = kind
        self.counts[topic] = 0
        return self._mcap.register_channel(
            topic,
            'cdr',
            schema,
            {'offered_qos_profiles': '', 'topic_type_hash': self._store.hash_rihs01(kind)},
        )

    def _metadata(self, first_ns: int, last_ns: int) -> dict[str, Any]:
        """Return the content of metadata.yaml, version 9 as written by ROS 2 Jazzy."""
        count = sum(self.counts.values())
        start = {'nanoseconds_since_epoch': first_ns}
        duration = {'nanoseconds': last_ns - first_ns}
        topics = [
            {
                'topic_metadata': {
                    'name': topic,
                    'type': kind,
                    'serialization_format': 'cdr',
                    'offered_qos_profiles': [],
                    'type_description_hash': self._store.hash_rihs01(kind),
                },
                'message_count': self.counts[topic],
            }
            for topic, kind in self._types.items()
        ]
        return {
            'version': 9,
            'storage_identifier': 'mcap',
            'duration': duration,
            'starting_time': start,
            'message_count': count,
            'topics_with_message_count': topics,
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [self._name],
            'files': [
                {
                    'path': self._name,
                    'starting_time': start,
                    'duration': duration,
                    'message_count': count,
                }
            ],
            'custom_data': self._notes or None,
            'ros_distro': 'jazzy',
        }
