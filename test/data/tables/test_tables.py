# SPDX-License-Identifier: Apache-2.0
"""Tests of reading tables."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.tables.tables import ArrayTable, load_csv, load_mat, load_npz
import numpy as np
import pytest


def test_a_commented_quoted_header_is_understood(tmp_path: Path) -> None:
    path = tmp_path / 'x.csv'
    path.write_text('made by me\n# "a"; b\n1; 2\n3; 4\n', encoding='utf-8')
    table = load_csv(path, ';', 2)
    assert table.header == ('a', 'b')
    np.testing.assert_array_equal(table.array(''), [[1, 2], [3, 4]])
    assert table.column(table.array(''), 'b') == 1


def test_a_csv_without_header_has_numbered_columns(tmp_path: Path) -> None:
    path = tmp_path / 'x.csv'
    path.write_text('1 2\n3 4\n', encoding='utf-8')
    table = load_csv(path, '', 0)
    assert table.column(table.array(''), 1.0) == 1


def test_numbers_in_structs_have_dotted_keys(tmp_path: Path) -> None:
    savemat = pytest.importorskip('scipy.io').savemat
    content = {'rec': {'q': np.eye(2), 'name': 'text'}, 'dt': 0.5}
    savemat(tmp_path / 'x.mat', content)
    table = load_mat(tmp_path / 'x.mat')
    assert sorted(table.arrays) == ['dt', 'rec.q']
    np.testing.assert_array_equal(table.array('rec.q'), np.eye(2))
    with pytest.raises(
        DataError, match=r"no array 'rec.p'.*rec\.q \(2, 2\).*Did you mean 'rec\.q'"
    ):
        table.array('rec.p')


@pytest.mark.parametrize('load', [load_mat, load_npz])
@pytest.mark.parametrize('content', [b'', b'hello, this is no table at all', b'PK\x03\x04broken'])
def test_a_foreign_file_gives_one_clear_line(
    tmp_path: Path, load: Callable[[Path], ArrayTable], content: bytes
) -> None:
    if load is load_mat:
        pytest.importorskip('scipy.io')
    path = tmp_path / 'x'
    path.write_bytes(content)
    with pytest.raises(DataError, match='cannot be read as a table') as caught:
        load(path)
    assert '\n' not in str(caught.value)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / 'x.npz', a=np.array([{}], dtype=object))
    with pytest.raises(DataError, match='cannot be read as a table'):
        load_npz(tmp_path / 'x.npz')
