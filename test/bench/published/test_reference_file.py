# SPDX-License-Identifier: Apache-2.0
"""Loading the code that comes with data sets."""

from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_ros.core.errors import DataError
import pytest


def test_the_folder_or_the_file_will_do(tmp_path: Path) -> None:
    (tmp_path / 'reference.py').write_text('FROZEN = {"a": 1}\n')
    assert load_reference(tmp_path).FROZEN == {'a': 1}
    assert load_reference(tmp_path / 'reference.py').FROZEN == {'a': 1}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'reference\.py is not there'):
        load_reference(tmp_path)


def test_code_that_fails_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / 'reference.py').write_text('import a_module_that_is_not_there\n')
    with pytest.raises(DataError, match='cannot be run: ModuleNotFoundError'):
        load_reference(tmp_path)
