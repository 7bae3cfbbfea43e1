# SPDX-License-Identifier: Apache-2.0
"""Tests of mapping files."""

from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.tables.mapping import load_mapping, SignalMapping
import numpy as np
import pytest

GOOD = """
name: x
format: csv
files: ['*.csv']
joint_names: [a, b]
dt: 0.01
position: {columns: [0, 1], unit: deg, scale: 2}
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding='utf-8')
    return path


def test_a_mapping_is_read_with_its_defaults(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path / 'x.yaml', GOOD))
    assert mapping.joint_names == ('a', 'b')
    assert mapping.types(2) == ('revolute', 'revolute')
    assert mapping.position.columns == (0.0, 1.0)
    assert mapping.position.factor == pytest.approx(2 * np.pi / 180)
    assert not mapping.velocity.given
    assert list(mapping.parts()) == [{}]


def test_placeholders_are_combined(tmp_path: Path) -> None:
    mapping = load_mapping(write(tmp_path / 'x.yaml', GOOD + "each: ['a=1,2', 'b=x,y']\n"))
    assert list(mapping.parts())[:2] == [{'a': '1', 'b': 'x'}, {'a': '1', 'b': 'y'}]


@pytest.mark.parametrize(
    ('old', 'new', 'error'),
    [
        ('dt: 0.01', 'dt: fast', r"x\.yaml: dt must be of type float, got 'fast'"),
        ('dt: 0.01', 'dt: -1', r'x\.yaml: dt must be >= 0'),
        ('dt: 0.01', '', 'either dt or time'),
        ('unit: deg', 'unit: degrees', r"x\.yaml: Unknown position\.unit 'degrees'.*Did you mean"),
        ('unit: deg', 'units: deg', r"Unknown setting 'position\.units'.*position\.unit"),
        ('format: csv', 'format: xls', "Unknown format 'xls'. Known: csv, mat, npz, rosbag2"),
        ("files: ['*.csv']", '', 'files is missing'),
        ('joint_names: [a, b]', '', 'joint_names is missing'),
        ('joint_names: [a, b]', 'joint_names: [a, b, c]', 'position.columns must have 3 entries'),
        ('position:', 'velocity:', 'position is missing'),
        ('name: x', 'joint_types: [ball]', "Unknown joint_types 'ball'"),
        ('name: x', 'joint_types: [revolute, revolute, revolute]', 'one entry or 2, got 3'),
        ('name: x', 'each: [run]', 'entries like run=1,2,3'),
        ('name: x', 'name: [', 'is not valid YAML'),
    ],
)
def test_mistakes_are_named_with_file_and_key(
    tmp_path: Path, old: str, new: str, error: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=error) as caught:
        load_mapping(write(tmp_path / 'x.yaml', GOOD.replace(old, new)))
    assert 'x.yaml' in str(caught.value)


def test_an_unknown_mapping_lists_those_that_ship() -> None:
    with pytest.raises(UnknownNameError, match="'kuka_lwr'"):
        load_mapping('kuka_lwe')


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='must hold keys with values, got list'):
        load_mapping(write(tmp_path / 'x.yaml', '- a\n- b\n'))


def test_a_signal_without_unit_is_si() -> None:
    assert SignalMapping(key='x').factor == 1.0
