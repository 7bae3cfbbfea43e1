# SPDX-License-Identifier: Apache-2.0
"""Reads an mcap file that was never finished: its recorder was killed, or the file was cut off.

Such a file has no index and may end anywhere. Its records are walked from the front, and every
message that is whole comes out, those of a last, cut-off chunk included.

Source: https://mcap.dev/spec (records are opcode u8, length u64, content; a chunk holds records).
"""

from collections.abc import Iterator
from pathlib import Path
import struct
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError

MAGIC = b'\x89MCAP0\r\n'

_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK = 3, 4, 5, 6
_RECORD = struct.Struct('<BQ')
_MESSAGE_HEAD = struct.Struct('<HIQQ')
_CHUNK_HEAD = struct.Struct('<QQQI')


class Message(NamedTuple):
    """One message of a bag, still serialised."""

    topic: str
    type: str
    receive_ns: int
    """When the recorder received it [ns]."""
    raw: bytes


def recover(path: Path) -> Iterator[Message]:
    """Yield all whole messages of an mcap file, in the order of the file.

    Raises:
        DataError: If the file is no mcap file at all.
    """
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise DataError(f'{path} is not an mcap file: it does not begin with the mcap magic.')
    schemas: dict[int, str] = {}
    channels: dict[int, tuple[str, str]] = {}
    for opcode, content in _records(memoryview(data)[len(MAGIC) :]):
        if opcode == _SCHEMA:
            (key,) = struct.unpack_from('<H', content)
            schemas[key] = _text(content, 2)[0]
        elif opcode == _CHANNEL:
            key, schema = struct.unpack_from('<HH', content)
            channels[key] = _text(content, 4)[0], schemas.get(schema, '')
        elif opcode == _MESSAGE:
            key, _, log_time, _ = _MESSAGE_HEAD.unpack_from(content)
            if key in channels:
                yield Message(*channels[key], log_time, bytes(content[_MESSAGE_HEAD.size :]))


def _records(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield (opcode, content) of all whole records, looking into chunks."""
    at = 0
    while at + _RECORD.size <= len(data):
        opcode, size = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        content = data[at : at + size]
        at += size
        if opcode == _CHUNK:
            if len(content) > _CHUNK_HEAD.size + 4:
                yield from _records(_unpacked(content))
        elif len(content) == size:
            yield opcode, content


def _unpacked(chunk: memoryview) -> memoryview:
    """Return the records of a chunk, as far as it goes."""
    compression, at = _text(chunk, _CHUNK_HEAD.size)
    packed = chunk[at + 8 :]
    if not compression:
        return packed
    return memoryview(_decompress(compression, bytes(packed)))


def _decompress(compression: str, packed: bytes) -> bytes:
    """Return what can be decompressed of a perhaps cut-off block."""
    if compression == 'zstd':
        from zstandard import ZstdDecompressor, ZstdError  # noqa: PLC0415 - with mcap only

        try:
            return ZstdDecompressor().decompressobj().decompress(packed)
        except ZstdError:
            return b''
    if compression == 'lz4':
        from lz4.frame import LZ4FrameDecompressor  # noqa: PLC0415 - with mcap only

        try:
            return bytes(LZ4FrameDecompressor().decompress(packed))
        except RuntimeError:
            return b''
    return b''


def _text(data: memoryview, at: int) -> tuple[str, int]:
    """Return the string at an offset, and the offset after it."""
    (size,) = struct.unpack_from('<I', data, at)
    end = at + 4 + size
    return bytes(data[at + 4 : end]).decode('utf-8', 'replace'), end
