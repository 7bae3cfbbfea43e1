# SPDX-License-Identifier: Apache-2.0
"""The figures of `make structure`, on a small tree whose figures are known."""

from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError
import pytest
from structure import dependencies, figures, main, MARK

FILES = {
    'lstm_dynamics_ros/__init__.py': '',
    'lstm_dynamics_ros/card.py': 'class Card:\n    class Inner: ...\n',
    'lstm_dynamics_ros/core/__init__.py': '',
    'lstm_dynamics_ros/core/state.py': (
        'from typing import TYPE_CHECKING\n'
        'if TYPE_CHECKING:\n    from lstm_dynamics_ros.card import Card\n'
        'def read() -> None:\n    import lstm_dynamics_ros.sim.robot\n    import json\n'
        'class Inner: ...\n'
    ),
    'lstm_dynamics_ros/sim/robot.py': f'import lstm_dynamics_ros.sim\nx  =  1  # {MARK}\n',
    'lstm_dynamics_bench/forecast.py': (
        'from lstm_dynamics_ros import card\nfrom lstm_dynamics_ros.core import state\n'
        'class Card: ...\n' + 60 * '\n'
    ),
    'test/test_card.py': f'y  =  1  # {MARK}\nz  =  1  # {MARK}\n',
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, source in FILES.items():
        path = tmp_path / 'planted' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding='utf-8')
    return tmp_path / 'planted'


def test_the_figures_of_a_planted_tree_are_those_counted_by_hand(tree: Path) -> None:
    assert figures(tree) == {
        'modules': 6,
        'modules in the package root': 2,
        'parts': 4,
        'dependencies between parts': 4,
        'lines': 74,
        'lines of the main package': 11,
        'lines of the bench': 63,
        'lines of the robot side': 7,
        'files under 60 lines': 5,
        'class names with two or more homes': 1,
        f'{MARK} in the packages': 1,
        f'{MARK} in the tests': 2,
        'imports inside functions': 2,
    }


def test_dependencies_are_seen_in_functions_and_for_types_alone(tree: Path) -> None:
    sources = {Path(name): source for name, source in FILES.items() if not name.startswith('test')}
    assert dependencies(sources, tree) == {
        ('core', 'card'),
        ('core', 'sim'),
        ('lstm_dynamics_bench', 'card'),
        ('lstm_dynamics_bench', 'core'),
    }


def test_trees_stand_side_by_side(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / 'lstm_dynamics_ros/more.py').write_text('', encoding='utf-8')
    main([str(tree), str(tree)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['planted', 'planted']
    assert lines[1].split() == ['modules', '7', '7']


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='give the folder of a checkout'):
        figures(tmp_path)
