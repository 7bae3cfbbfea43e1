# SPDX-License-Identifier: Apache-2.0
"""Tests for the package's own names: what `import lstm_dynamics_ros` offers."""

import ast
from pathlib import Path
import subprocess
import sys

import lstm_dynamics_ros
from lstm_dynamics_ros.core.extras import EXTRAS
import pytest

INIT = Path(lstm_dynamics_ros.__file__)
ALWAYS_THERE = ('msgspec', 'yaml', 'rosbags', 'mcap', 'lz4', 'zstandard', 'ruamel')
"""Libraries that come without an extra."""

NUMPY_ALONE = """
from importlib.abc import MetaPathFinder
import sys

ours = {'lstm_dynamics_ros', 'numpy', *sys.stdlib_module_names}

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] not in ours | set(allowed):
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)

allowed = sys.argv[1:]
sys.meta_path.insert(0, Blocker())
import lstm_dynamics_ros
"""


def run(code: str, *allowed: str) -> str:
    """Run code where only numpy, this package and the libraries named are there."""
    ended = subprocess.run(
        [sys.executable, '-c', NUMPY_ALONE + code, *allowed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize('name', sorted(set(lstm_dynamics_ros.__all__) - {'__version__'}))
def test_every_name_is_there_and_documented(name: str) -> None:
    pytest.importorskip('torch', reason='train needs it')
    assert getattr(lstm_dynamics_ros, name).__doc__


def test_editors_and_type_checkers_know_the_same_names() -> None:
    imported = {
        alias.name: node.module
        for node in ast.walk(ast.parse(INIT.read_text(encoding='utf-8')))
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0
        for alias in node.names
    }
    named = {name: f'lstm_dynamics_ros.{home}' for name, home in lstm_dynamics_ros._HOMES.items()}
    assert named.items() <= imported.items()
    assert set(lstm_dynamics_ros.__all__) == {'__version__', *named} == set(dir(lstm_dynamics_ros))


def test_importing_it_needs_numpy_alone() -> None:
    assert run('print(lstm_dynamics_ros.__version__)') == f'{lstm_dynamics_ros.__version__}\n'


def test_a_model_can_be_loaded_and_followed_without_the_trainers_libraries() -> None:
    pytest.importorskip('onnxruntime', reason='models are run with it')
    code = """
model = lstm_dynamics_ros.load_model('arm_forward')
print(lstm_dynamics_ros.Predictor(model).card.name, lstm_dynamics_ros.Pipeline(model).card.name)
"""
    assert run(code, 'onnxruntime', 'msgspec') == 'arm_forward arm_forward\n'


def test_what_needs_a_missing_library_names_its_extra() -> None:
    code = """
try:
    lstm_dynamics_ros.train
except lstm_dynamics_ros.MissingLibraryError as error:
    print(error)
"""
    output = run(code, *ALWAYS_THERE)
    assert 'which is not installed' in output
    assert f"'lstm_dynamics_ros[{EXTRAS['torch']}]'" in output


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match='no attribute'):
        getattr(lstm_dynamics_ros, 'trian')  # noqa: B009
