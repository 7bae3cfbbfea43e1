# SPDX-License-Identifier: Apache-2.0
"""The code that comes with data sets, and the frozen figures of its baselines."""

from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference, reproduce, reproduced
from lstm_dynamics_ros.core.errors import DataError
import pytest

KEYS = ('one', 'both')
GOOD = 'FROZEN = {"one": 2.0, "both": [1.0, 4.0]}\ndef arm():\n    return 2.03, (1.0, 3.95)\n'


def write(folder: Path, text: str) -> None:
    (folder / 'reference.py').write_text(text, encoding='utf-8')


def test_figures_within_two_percent_are_reproduced(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    found = reproduce(tmp_path, 'arm', KEYS)
    assert found['one'] == ([2.0], [2.03])
    assert found['both'] == ([1.0, 4.0], [1.0, 3.95])


def test_a_single_key_may_hold_several_numbers(tmp_path: Path) -> None:
    write(tmp_path, 'FROZEN = {"one": [1.0, 2.0]}\ndef arm():\n    return [1.0, 2.0]\n')
    assert reproduce(tmp_path, 'arm', ('one',))['one'].ours == [1.0, 2.0]


@pytest.mark.parametrize(
    'figures', ['2.05, (1.0, 4.0)', '2.0, (1.0, 4.0, 5.0)', '2.0, (1.0, None)']
)
def test_a_figure_that_is_off_stops_everything_and_both_are_named(
    tmp_path: Path, figures: str
) -> None:
    write(tmp_path, GOOD.replace('2.03, (1.0, 3.95)', figures))
    with pytest.raises(DataError, match='2 % off') as caught:
        reproduce(tmp_path, 'arm', KEYS)
    assert 'written down' in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('FROZEN = {"one": 1.0}\n', 'must have the function arm'),
        (
            'FROZEN = {"one": 2.0, "both": [1.0, 4.0]}\ndef arm():\n    return 1 / 0\n',
            'cannot score arm: ZeroDivisionError',
        ),
    ],
)
def test_a_file_that_lacks_something_is_refused(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(DataError, match=message):
        reproduce(tmp_path, 'arm', KEYS)


def test_they_are_kept_as_long_as_file_and_data_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    cache = tmp_path / 'cache'
    first = reproduced(tmp_path, 'arm', KEYS, 'data', cache)
    assert reproduced(tmp_path, 'arm', KEYS, 'data', cache) == first
    assert len(list(cache.rglob('*.json'))) == 1
    write(tmp_path, GOOD.replace('2.03', '9.0'))
    with pytest.raises(DataError, match=r'\[9\.0\] comes out here'):
        reproduced(tmp_path, 'arm', KEYS, 'data', cache)


def test_a_set_without_baselines_needs_no_file(tmp_path: Path) -> None:
    assert reproduced(tmp_path, 'arm', (), 'data', tmp_path) == {}
    with pytest.raises(DataError, match=r'must have the file reference\.py'):
        reproduced(tmp_path, 'arm', KEYS, 'data', tmp_path)


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
