# SPDX-License-Identifier: Apache-2.0
"""Tests of reading unfinished mcap files, written by the reference implementation."""

from io import BytesIO
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.mcap_recovery import recover
from mcap.writer import CompressionType, Writer
import pytest


def content(compression: CompressionType, *, chunked: bool = True) -> bytes:
    """Return a finished file of 1000 messages of 100 bytes in chunks of some 10 kB."""
    stream = BytesIO()
    writer = Writer(stream, chunk_size=10_000, compression=compression, use_chunking=chunked)
    writer.start('ros2')
    schema = writer.register_schema('x/msg/Y', 'ros2msg', b'int32 x')
    channel = writer.register_channel('/topic', 'cdr', schema)
    for k in range(1000):
        writer.add_message(channel, log_time=k, data=k.to_bytes(4, 'big') * 25, publish_time=k)
    writer.finish()
    return stream.getvalue()


@pytest.mark.parametrize('compression', list(CompressionType))
@pytest.mark.parametrize('part', [0.25, 0.5, 0.75, 1.0])
def test_all_whole_messages_are_read(
    tmp_path: Path, compression: CompressionType, part: float
) -> None:
    whole = content(compression)
    path = tmp_path / 'x.mcap'
    path.write_bytes(whole[: int(part * len(whole))])
    messages = list(recover(path))
    assert [m.receive_ns for m in messages] == list(range(len(messages)))
    assert all(m.raw == m.receive_ns.to_bytes(4, 'big') * 25 for m in messages)
    assert {(m.topic, m.type) for m in messages} == {('/topic', 'x/msg/Y')}
    if part == 1.0:
        assert len(messages) == 1000
    elif compression is CompressionType.NONE:
        assert len(messages) > 0.8 * part * 1000


def test_a_file_without_chunks_is_read(tmp_path: Path) -> None:
    path = tmp_path / 'x.mcap'
    path.write_bytes(content(CompressionType.NONE, chunked=False)[:50_000])
    assert len(list(recover(path))) > 300


def test_every_cut_is_survived(tmp_path: Path) -> None:
    whole = content(CompressionType.NONE)[:12_000]
    path = tmp_path / 'x.mcap'
    counts = []
    for end in range(8, len(whole), 97):
        path.write_bytes(whole[:end])
        counts.append(len(list(recover(path))))
    assert counts == sorted(counts)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'x.mcap'
    path.write_bytes(b'hello')
    with pytest.raises(DataError, match='is not an mcap file'):
        list(recover(path))
