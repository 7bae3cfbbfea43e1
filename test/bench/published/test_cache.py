# SPDX-License-Identifier: Apache-2.0
"""Keys of what is kept."""

from pathlib import Path

from lstm_dynamics_bench.published.cache import (
    code_digest,
    data_digest,
    default_cache,
    keep,
    key_of,
    read_kept,
)
import lstm_dynamics_ros
import pytest


def test_keys_depend_on_values_and_not_on_their_order() -> None:
    assert key_of({'a': 1, 'b': (2, 3)}) == key_of({'b': (2, 3), 'a': 1})
    assert key_of({'a': 1}) != key_of({'a': 2})


def test_data_count_by_name_and_content(tmp_path: Path) -> None:
    one, other = tmp_path / 'one', tmp_path / 'other'
    one.write_text('1')
    other.write_text('2')
    first = data_digest(tmp_path, [one, other])
    assert data_digest(tmp_path, [other, one]) == first
    one.write_text('2')
    assert data_digest(tmp_path, [one, other]) != first


def test_code_counts_but_its_comments_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'package' / 'part').mkdir(parents=True)
    file = tmp_path / 'package' / 'part' / 'a.py'
    package = tmp_path / 'package' / '__init__.py'
    monkeypatch.setattr(lstm_dynamics_ros, '__file__', str(package))

    def digest(text: str) -> str:
        file.write_text(text)
        code_digest.cache_clear()
        return code_digest(('package/part',))

    try:
        assert digest('x = 1\n') == digest('x  =  1  # one\n')
        assert digest('x = 1\n') != digest('x = 2\n')
    finally:
        code_digest.cache_clear()


def test_what_is_kept_comes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / 'deep' / 'kept.json'
    assert read_kept(path) is None
    keep(path, {'a': [1, None]})
    assert read_kept(path) == {'a': [1, None]}
    path.write_text('{"a": [1')
    assert read_kept(path) is None


def test_the_cache_is_where_the_desktop_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    assert default_cache() == tmp_path / 'lstm_dynamics_ros' / 'real'
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert default_cache() == Path.home() / '.cache' / 'lstm_dynamics_ros' / 'real'
