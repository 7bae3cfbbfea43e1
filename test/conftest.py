# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests. ``model_factory.py`` beside this file makes small model files."""

from collections.abc import Callable
from importlib.util import find_spec, module_from_spec, spec_from_file_location
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lstm_dynamics_ros.runtime.model_file import LoadedModel

collect_ignore = [] if find_spec('rclpy') else ['ros']

# The tests run in a process per core; a thread per core in each of them would only wait for the
# others. Read when numpy is first imported, here and by the processes that tests start.
for variable in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(variable, '1')


STARTS_NODES = {'start', 'listener', 'make_node', 'pendulum_model'}
"""Fixtures of tests that start ROS nodes, or listen to them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files so that several processes end at the same time and nodes are in time.

    Files with slow tests come first. Files that start nodes are spread evenly over the others: two
    of them at once would want more than two cores.
    """
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    nodes = {item.path for item in items if STARTS_NODES & set(getattr(item, 'fixturenames', ()))}
    files = sorted(dict.fromkeys(item.path for item in items), key=lambda path: path not in slow)
    place = {}
    for group in (
        [path for path in files if path in nodes],
        [path for path in files if path not in nodes],
    ):
        place.update({path: (k + 0.5) / len(group) for k, path in enumerate(group)})
    items.sort(key=lambda item: place[item.path])


def load_beside(name: str) -> ModuleType:
    """Import a module that stands beside this file; importlib mode puts no folder on the path."""
    known = sys.modules.get(f'test_of_lstm_dynamics_ros.{name}')
    if known is not None:
        return known
    spec = spec_from_file_location(
        f'test_of_lstm_dynamics_ros.{name}', Path(__file__).with_name(f'{name}.py')
    )
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def model_factory() -> ModuleType:
    """The module that makes small model files."""
    pytest.importorskip('onnx', reason='model files for tests are made with the onnx package')
    return load_beside('model_factory')


@pytest.fixture(scope='session')
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out like that of the published sets, with made data; not to be changed."""
    pytest.importorskip('scipy.io', reason='the sets are MATLAB files')
    folder = tmp_path_factory.mktemp('real_data')
    load_beside('real_sets').write_all(folder)
    return folder


@pytest.fixture(scope='session')
def make_model(model_factory: ModuleType) -> Callable[..., Path]:
    """Write a small model file: ``make_model(path, cell='lstm', n_joints=2, ...) -> path``."""
    function: Callable[..., Path] = model_factory.make_model
    return function


@pytest.fixture(scope='session')
def load(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., 'LoadedModel']:
    """Make a small model by the arguments of ``make_model``, and load it."""
    from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

    return lambda **given: load_model(
        make_model(tmp_path_factory.mktemp('model') / 'm.onnx', **given)
    )


@pytest.fixture(scope='session')
def textbook(model_factory: ModuleType) -> Callable[..., Any]:
    """Return the equations of a made model in numpy, by the same arguments."""
    function: Callable[..., Any] = model_factory.textbook
    return function
