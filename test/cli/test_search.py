# SPDX-License-Identifier: Apache-2.0
"""Tests for search.py: variants from a file, compared on bags."""

import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.errors import DataError, UnknownNameError
from lstm_dynamics_ros.workflows.settings import read_variants
import pytest

VARIANTS = """
settings: {hidden_size: 4, head_size: 0, history_steps: 4, burn_in_steps: 20, window_steps: 20,
           model_kind: inverse, members: 2, max_epochs: 1, updates_per_epoch: 5, ripple_limit: 0}
variants:
  base: {}
  larger: {hidden_size: 6}
"""


def test_a_variant_changes_what_it_names_and_shares_the_rest(tmp_path: Path) -> None:
    (tmp_path / 'v.yaml').write_text(VARIANTS)
    made = read_variants(tmp_path / 'v.yaml')
    assert list(made) == ['base', 'larger']
    assert [item.hidden_size for item in made.values()] == [4, 6]
    assert {vars(item)['history_steps'] for item in made.values()} == {4}


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / 'v.yaml').write_text('variants: {base: {hiden_size: 3}}')
    with pytest.raises(UnknownNameError, match='hidden_size'):
        read_variants(tmp_path / 'v.yaml')


@pytest.mark.parametrize(
    'path', sorted(asset('config/search').glob('*.yaml')), ids=lambda path: path.stem
)
def test_the_searches_in_the_repository_can_be_read(path: Path) -> None:
    made = read_variants(path)
    assert len(made) > 3
    assert all(settings.members > 1 for settings in made.values())


@pytest.mark.parametrize('text', ['variants: []', 'settings: {}', '[', '3'])
def test_a_file_without_variants_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    (tmp_path / 'v.yaml').write_text(text)
    with pytest.raises(DataError, match=r'variants|YAML'):
        read_variants(tmp_path / 'v.yaml')


@pytest.mark.slow
def test_variants_are_compared_on_bags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bags = tmp_path / 'bags'
    simulated = ['simulate', '--robot', 'pendulum', '--runs', '3', '--duration', '4']
    assert run([*simulated, '--out', str(bags)]) == 0
    (tmp_path / 'v.yaml').write_text(VARIANTS)
    out = tmp_path / 'search.json'
    arguments = ['search', str(bags), '--variants', str(tmp_path / 'v.yaml'), '--json', str(out)]
    assert run([*arguments, '--folder', str(tmp_path / 'search'), '--workers', '1']) == 0
    figures = json.loads(out.read_text())['variants']
    assert figures['base']['error_over_first'] == pytest.approx(1.0)
    assert figures['larger']['settings']['hidden_size'] == 6
    assert 'error over base' in capsys.readouterr().out
