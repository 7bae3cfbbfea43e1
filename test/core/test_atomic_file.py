# SPDX-License-Identifier: Apache-2.0
"""Tests of files that are written as a whole or not at all."""

from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import unfinished, write_bytes, write_text
import pytest


def test_text_is_written_as_utf_8_into_a_new_folder(tmp_path: Path) -> None:
    write_text(tmp_path / 'new' / 'a.txt', 'Grüße\n')
    assert (tmp_path / 'new' / 'a.txt').read_bytes() == b'Gr\xc3\xbc\xc3\x9fe\n'


def test_a_file_is_replaced_and_nothing_else_left_behind(tmp_path: Path) -> None:
    write_bytes(tmp_path / 'a', b'old')
    write_bytes(tmp_path / 'a', b'new')
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {'a': b'new'}


def test_until_the_end_the_old_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    path.write_text('old', encoding='utf-8')
    with unfinished(path) as part:
        part.write_text('new', encoding='utf-8')
        assert path.read_text(encoding='utf-8') == 'old'
        assert part.parent == path.parent
    assert path.read_text(encoding='utf-8') == 'new'


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    path.write_text('old', encoding='utf-8')

    def fail() -> None:
        with unfinished(path) as part:
            part.write_text('ne', encoding='utf-8')
            raise RuntimeError('half way')

    with pytest.raises(RuntimeError, match='half way'):
        fail()
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == {'a': b'old'}
