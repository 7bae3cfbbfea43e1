# SPDX-License-Identifier: Apache-2.0
"""Tests that docs/data.md tells of everything it should."""

from dataclasses import fields
from pathlib import Path
import re

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.data.tables.mapping import load_mapping, Mapping, SignalMapping, UNITS
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/data.md').read_text(encoding='utf-8')
CODES = sorted(
    {
        code
        for path in (ROOT / 'lstm_dynamics_ros/data/quality').glob('check_*.py')
        for code in re.findall(
            r"(?:error|warning|info)\(\s*'(\w+)'|^    '(\w+)': '|^        '(\w+)',$",
            path.read_text(encoding='utf-8'),
            re.MULTILINE,
        )
        for code in code
        if code
    }
)


def test_the_codes_are_found() -> None:
    assert {'too_short', 'partial', 'recovered', 'dead_effort', 'no_gravity'} <= set(CODES)


@pytest.mark.parametrize('code', CODES)
def test_every_finding_is_explained(code: str) -> None:
    assert f'`{code}`' in PAGE


@pytest.mark.parametrize(
    'key', [item.name for c in (Mapping, SignalMapping) for item in fields(c)]
)
def test_every_key_of_a_mapping_is_explained(key: str) -> None:
    assert f'`{key}`' in PAGE


@pytest.mark.parametrize('unit', UNITS)
def test_every_unit_is_listed(unit: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith('| `unit`')]
    assert unit in row


@pytest.mark.parametrize('name', assets('config/mappings', '*.yaml'))
def test_every_shipped_mapping_is_named(name: str) -> None:
    assert f'`{name}`' in PAGE


def test_the_example_is_a_valid_mapping(tmp_path: Path) -> None:
    example = PAGE.split('what is where:\n\n')[1].split('\n\n|')[0]
    (tmp_path / 'x.yaml').write_text(example.replace('\n    ', '\n').strip(), encoding='utf-8')
    mapping = load_mapping(tmp_path / 'x.yaml')
    assert list(mapping.patterns()) == [('train', 'first/*.csv'), ('test', 'last.csv')]
    assert mapping.effort.factor == 7.4
