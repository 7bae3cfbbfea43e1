# SPDX-License-Identifier: Apache-2.0
"""Tests for lazy.py and extras.py."""

from collections.abc import Callable
from pathlib import Path
import re
import sys

from lstm_dynamics_ros.core.errors import MissingLibraryError
from lstm_dynamics_ros.core.extras import EXTRAS
from lstm_dynamics_ros.core.lazy import attributes, load, loaded_attribute, submodules
import pytest


@pytest.fixture
def needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Make a module that needs a library that is not there; return its name."""

    def make(library: str) -> str:
        name = f'module_that_needs_{library}'
        (tmp_path / f'{name}.py').write_text(f'import {library}\n')
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setitem(sys.modules, library, None)
        return name

    return make


def test_a_missing_library_is_named_with_its_extra(needs: Callable[[str], str]) -> None:
    with pytest.raises(MissingLibraryError, match=r"torch.*'lstm_dynamics_ros\[train\]'"):
        load(needs('torch'))


def test_for_ros_there_are_two_ways(needs: Callable[[str], str]) -> None:
    with pytest.raises(MissingLibraryError, match=r'source ROS 2 or install.*\[rclpy\]'):
        loaded_attribute(f'{needs("rclpy")}:Node')


def test_a_module_of_nobody_is_an_error_of_the_program() -> None:
    with pytest.raises(ModuleNotFoundError, match='no_such_module'):
        load('no_such_module')


def test_modules_of_a_package_are_loaded_by_name() -> None:
    find = submodules('json', ['decoder'])
    assert find('decoder').__name__ == 'json.decoder'
    with pytest.raises(AttributeError, match="'json' has no attribute 'tool'"):
        find('tool')


def test_what_a_package_offers_is_loaded_by_name() -> None:
    find = attributes('json', {'JSONDecoder': 'decoder'})
    assert getattr(find('JSONDecoder'), '__module__') == 'json.decoder'  # noqa: B009
    with pytest.raises(AttributeError, match="'json' has no attribute 'loads'"):
        find('loads')


def test_every_optional_library_that_a_file_owns_has_an_extra() -> None:
    page = (Path(__file__).parents[2] / 'docs/architecture.md').read_text(encoding='utf-8')
    rows = page.partition('| library | imported only by |')[2].partition('\n\n')[0].splitlines()
    owned = {name.strip() for row in rows[2:] for name in row.split('|')[1].split(',')}
    required = {'rosbags', 'mcap', 'lz4', 'zstandard', 'msgspec', 'tyro', 'tqdm'}
    optional = {name.partition('.')[0] for name in owned - required - {'message packages'}}
    assert optional <= set(EXTRAS)


def test_every_extra_is_one_of_setup() -> None:
    text = (Path(__file__).parents[2] / 'setup.py').read_text(encoding='utf-8')
    extras = re.findall(r"'(\w+)': [A-Z]", text)
    assert set(EXTRAS.values()) <= set(extras)
