# SPDX-License-Identifier: Apache-2.0
"""Tests of opening bags of every shape."""

from collections.abc import Callable
from pathlib import Path
import shutil

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.bags.storage import is_bag, open_bag
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def data_file(bag: Path) -> Path:
    (found,) = [item for item in bag.iterdir() if item.suffix in ('.mcap', '.db3')]
    return found


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
@pytest.mark.parametrize('shape', ['folder', 'folder without metadata', 'bare file'])
def test_every_shape_of_bag_reads_the_same(
    make_recording: Make, tmp_path: Path, storage: str, shape: str
) -> None:
    recording = make_recording()
    path = tmp_path / 'bag'
    write_bag(recording, path, storage=storage)
    if shape == 'folder without metadata':
        (path / 'metadata.yaml').unlink()
    elif shape == 'bare file':
        path = data_file(path).rename(tmp_path / f'alone{data_file(path).suffix}')
    read = read_recording(path)
    np.testing.assert_array_equal(read.position, recording.position)
    np.testing.assert_array_equal(read.stamp_ns, recording.stamp_ns)
    assert is_bag(path)


def test_a_split_bag_without_metadata_is_read_in_order_of_its_numbers(
    make_recording: Make, tmp_path: Path
) -> None:
    folder = tmp_path / 'split'
    folder.mkdir()
    whole = make_recording(duration=1.2)
    for part in (2, 10):
        piece = whole.rows(0, 60) if part == 2 else whole.rows(60, 120)
        write_bag(piece, tmp_path / 'part')
        data_file(tmp_path / 'part').rename(folder / f'run_{part}.mcap')
        shutil.rmtree(tmp_path / 'part')
    np.testing.assert_array_equal(read_recording(folder).position, whole.position)


def test_a_folder_of_unrelated_files_asks_for_one(make_recording: Make, tmp_path: Path) -> None:
    for name in ('left', 'right'):
        write_bag(make_recording(), tmp_path / 'part')
        data_file(tmp_path / 'part').rename(tmp_path / f'{name}.mcap')
        shutil.rmtree(tmp_path / 'part')
    with pytest.raises(DataError, match=r'Name one of: left\.mcap, right\.mcap'):
        open_bag(tmp_path)
    assert not is_bag(tmp_path)


@pytest.mark.parametrize('keep', [0, 5, 100, 5000, 20000])
def test_a_cut_off_sqlite_file_gives_one_clear_line(
    make_recording: Make, tmp_path: Path, keep: int
) -> None:
    write_bag(make_recording(), tmp_path / 'bag', storage='sqlite3')
    file = data_file(tmp_path / 'bag')
    file.write_bytes(file.read_bytes()[:keep])
    for path in (tmp_path / 'bag', file):
        with pytest.raises(DataError, match='cut off, damaged or no bag') as caught:
            read_recording(path)
        assert '\n' not in str(caught.value)


@pytest.mark.parametrize('content', [b'', b'hello', b'\x89MCAP0\r\n', b'\x89MCAP0\r\n\x01\x00'])
def test_a_foreign_or_empty_mcap_file_gives_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / 'x.mcap'
    path.write_bytes(content)
    with pytest.raises(DataError, match=r'x\.mcap') as caught:
        read_recording(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('part', [0.3, 0.6, 0.9, 0.999])
def test_a_cut_off_mcap_file_gives_its_whole_messages(
    make_recording: Make, tmp_path: Path, part: float
) -> None:
    recording = make_recording()
    write_bag(recording, tmp_path / 'bag')
    file = data_file(tmp_path / 'bag')
    content = file.read_bytes()
    file.write_bytes(content[: int(part * len(content))])
    read = read_recording(tmp_path / 'bag')
    n = len(read)
    assert n >= 0.8 * min(part, 0.99) * len(recording)
    assert read.counters['recovered'] == n
    np.testing.assert_array_equal(read.position, recording.position[:n])


def test_a_sound_bag_has_recovered_nothing(make_recording: Make, tmp_path: Path) -> None:
    write_bag(make_recording(), tmp_path / 'bag')
    assert read_recording(tmp_path / 'bag').counters['recovered'] == 0


def test_a_path_without_a_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='nowhere does not exist'):
        open_bag(tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'no metadata\.yaml, \.mcap or \.db3'):
        open_bag(tmp_path)
    (tmp_path / 'notes.txt').write_text('x', encoding='utf-8')
    with pytest.raises(DataError, match='is not a bag'):
        open_bag(tmp_path / 'notes.txt')


def test_the_checksum_is_of_the_data_alone(make_recording: Make, tmp_path: Path) -> None:
    write_bag(make_recording(), tmp_path / 'bag')
    before = open_bag(tmp_path / 'bag').sha256()
    (tmp_path / 'bag/metadata.yaml').unlink()
    assert open_bag(tmp_path / 'bag').sha256() == before
    file = data_file(tmp_path / 'bag')
    assert read_recording(file).sha256 == before
    file.write_bytes(file.read_bytes()[:-1])
    assert open_bag(tmp_path / 'bag').sha256() != before
