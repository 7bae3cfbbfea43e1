# SPDX-License-Identifier: Apache-2.0
"""Tests for registry.py."""

from pathlib import Path
import sys

from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.core.registry import import_submodules, Registry
import pytest


def test_a_class_is_found_by_its_name() -> None:
    animals: Registry[object] = Registry('animal')

    @animals.register('cat')
    class Cat:
        """A class to file."""

    assert animals['cat'] is Cat
    assert 'cat' in animals
    assert list(animals) == ['cat']


def test_an_unknown_name_lists_the_known_ones() -> None:
    animals: Registry[object] = Registry('animal')
    animals.register('cat')(int)
    with pytest.raises(UnknownNameError, match=r"Unknown animal 'bat'\. Known: cat\."):
        animals['bat']


def test_one_name_cannot_be_given_twice() -> None:
    animals: Registry[object] = Registry('animal')
    animals.register('cat')(int)
    with pytest.raises(ValueError, match="animal 'cat' is registered twice"):
        animals.register('cat')(str)


def test_a_new_file_in_the_folder_is_found_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / 'found_by_itself'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'late.py').write_text('here = True\n')
    monkeypatch.syspath_prepend(tmp_path)
    import_submodules('found_by_itself', [str(package)])
    assert sys.modules['found_by_itself.late'].here
