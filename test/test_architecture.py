# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/architecture.md are the law: who may import what, and how long things may be.

Every clause is a function from a file's path and source to sentences about what is wrong, so
that a planted violation shows that it would be noticed.
"""

import ast
from collections.abc import Callable
from functools import cache
from pathlib import Path
import re
import subprocess
import sys

import lstm_dynamics_ros
import pytest
from structure import BENCH, imported, is_module, MAIN, PACKAGES, python_files, ROBOT_SIDE

ROOT = Path(lstm_dynamics_ros.__file__).parents[1]
PAGE = Path(__file__).parents[1] / 'docs' / 'architecture.md'
FILES = python_files(ROOT)
EVERY_FILE = pytest.mark.parametrize('path', FILES, ids=str)
MESSAGE_PACKAGES = (
    'ament_index_python',
    'builtin_interfaces',
    'diagnostic_msgs',
    'launch',
    'launch_ros',
    'lifecycle_msgs',
    'rcl_interfaces',
    'rosgraph_msgs',
    'rosidl_runtime_py',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
    'trajectory_msgs',
)
FORBIDDEN = {'util', 'utils', 'common', 'helper', 'helpers', 'manager', 'misc', 'tools'}
LIGHT = ('settings.py', 'result.py')
HEAVY = {'torch', 'matplotlib', 'rclpy', *MESSAGE_PACKAGES}
MOST_LINES = {'file': 450, 'class': 200, 'function': 60}

TIES_TO_CUT: set[str] = set()
"""Imports that break a clause and are still to be cut. May only shrink."""

TOO_LONG: dict[str, int] = {}
"""Classes and functions that are still too long, with their lines. May only shrink."""


# What the page says.


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first line starts with ``heading``."""
    lines = PAGE.read_text(encoding='utf-8').splitlines()
    rows = []
    for line in lines[next(i for i, x in enumerate(lines) if x.startswith(heading)) + 2 :]:
        if not line.startswith('|'):
            break
        rows.append([cell.strip() for cell in line.strip('|').split('|')])
    return rows


def names(cell: str) -> list[str]:
    """Return the names of a cell, without marks."""
    items = [item.strip(' `').rstrip('/') for item in re.split(r',|<-', cell)]
    return [item for item in items if item != '-']


def below_package(name: str) -> str:
    """Return a name of the page as a path below the repository."""
    return name if name.startswith(PACKAGES) else f'{MAIN}/{name}'


def unique(rows: list[tuple[str, list[str]]]) -> dict[str, list[str]]:
    """Return rows by their first cell; a row that stands twice is refused."""
    found: dict[str, list[str]] = {}
    for name, cells in rows:
        if name in found:
            raise ValueError(f'{name} stands twice in a table of {PAGE.name}: join the rows.')
        found[name] = cells
    return found


def read_parts() -> dict[str, list[str]]:
    """Return what each part may import."""
    rows: list[tuple[str, list[str]]] = []
    for part, may, _ in table('| part | may import |'):
        allowed: list[str] = []
        for name in names(may):
            allowed += ROBOT_SIDE if name == 'robot side' else [name]
        rows.append((below_package(names(part)[0]), [below_package(name) for name in allowed]))
    return unique(rows)


def read_order() -> dict[str, list[str]]:
    """Return the order of the folders inside a part."""
    rows = table('| part | folders |')
    return unique([(below_package(names(part)[0]), names(cell)) for part, cell in rows])


def read_owners() -> dict[str, list[str]]:
    """Return the folders and files that may import each library."""
    rows: list[tuple[str, list[str]]] = []
    for libraries, owners in table('| library |'):
        for library in names(libraries):
            every = MESSAGE_PACKAGES if library == 'message packages' else [library]
            rows += [(item, [below_package(name) for name in names(owners)]) for item in every]
    return unique(rows)


PARTS, ORDER, OWNERS = read_parts(), read_order(), read_owners()


# What a file imports.


@cache
def ours(source: str) -> tuple[str, ...]:
    return tuple(sorted(n for n in imported(source, ROOT) if n.split('.')[0] in PACKAGES))


def tie(path: Path, name: str) -> str:
    """Return how an import is written in the list of ties: without the main package's name."""
    shown = f'{path.as_posix()} -> {name}'
    return shown.replace(f'{MAIN}/', '').replace(f'{MAIN}.', '')


@cache
def is_at(path: Path, place: str) -> bool:
    """Return whether a file is the one named, or below the folder named."""
    return path.as_posix() == place or path.as_posix().startswith(f'{place}/')


def part_of(path: Path) -> str | None:
    """Return the part of the page that a file belongs to."""
    first = path.parts[0]
    part = first if first == BENCH else f'{first}/{path.parts[1]}'
    return part if part in PARTS else None


@cache
def as_path(module: str) -> Path:
    folder = Path(*module.split('.'))
    return folder / '__init__.py' if (ROOT / folder).is_dir() else folder.with_suffix('.py')


@cache
def is_command(path: Path) -> bool:
    """Return whether a file holds a command: a class below ``cli/`` with a method ``run``."""
    if path.parent.name != 'cli' or not (ROOT / path).is_file():
        return False
    found = ast.walk(ast.parse((ROOT / path).read_text(encoding='utf-8')))
    return any(
        isinstance(node, ast.ClassDef)
        and any(isinstance(item, ast.FunctionDef) and item.name == 'run' for item in node.body)
        for node in found
    )


# The clauses. Each returns the imports it forbids as ties, 'path -> module'.


def against_parts(path: Path, source: str) -> list[str]:
    """Find imports of parts that the table does not allow; the bench is never allowed."""
    part = part_of(path)
    places = [place for name, may in PARTS.items() if is_at(path, name) for place in may]
    places += [] if part in {None, f'{MAIN}/__init__.py'} else [f'{MAIN}/__init__.py']
    return [
        tie(path, name)
        for name in ours(source)
        if part is None
        or not (
            part == BENCH
            or is_at(as_path(name), part)
            or any(is_at(as_path(name), place) for place in places)
        )
    ]


def against_order(path: Path, source: str) -> list[str]:
    """Find imports of folders that stand further right in the same part."""
    found = []
    for part, folders in ORDER.items():
        own = next((i for i, name in enumerate(folders) if is_at(path, f'{part}/{name}')), None)
        later = [] if own is None else folders[own + 1 :]
        found += [
            tie(path, name)
            for name in ours(source)
            if any(is_at(as_path(name), f'{part}/{folder}') for folder in later)
        ]
    return found


def against_owners(path: Path, source: str) -> list[str]:
    """Find libraries that belong to somebody else."""
    libraries = {
        library
        for library in OWNERS
        for name in imported(source, ROOT)
        if f'{name}.'.startswith(f'{library}.')
    }
    return [
        tie(path, library)
        for library in sorted(libraries)
        if not any(is_at(path, owner) for owner in OWNERS[library])
    ]


def against_light_files(path: Path, source: str) -> list[str]:
    """Find what makes a settings or result file load torch, matplotlib or ROS."""
    if path.name not in LIGHT:
        return []
    found = []
    for name in sorted(imported(source, ROOT, at_import=True)):
        loaded = {name.split('.')[0]} | loads(name)
        if loaded & HEAVY:
            found.append(tie(path, name))
    return found


@cache
def loads(module: str) -> set[str]:
    """Return the libraries that a module of ours loads when it is imported."""
    todo, seen, libraries = [module], set[str](), set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.split('.')[0] not in PACKAGES:
            libraries.add(name.split('.')[0])
            continue
        if '.' in name:
            todo.append(name.rpartition('.')[0])
        if is_module(name, ROOT):
            source = (ROOT / as_path(name)).read_text(encoding='utf-8')
            todo += imported(source, ROOT, at_import=True)
    return libraries


def against_commands(path: Path, source: str) -> list[str]:
    """Find imports of commands by anything but the main program."""
    if path.as_posix() == f'{MAIN}/cli/main.py':
        return []
    return [
        tie(path, name)
        for name in ours(source)
        if as_path(name) != path and is_command(as_path(name))
    ]


def against_public_names(path: Path, source: str) -> list[str]:
    """Find imports of the public API, by which a file could get at every part."""
    return [
        tie(path, f'{MAIN}.{alias.name}')
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == MAIN
        for alias in node.names
        if alias.name != '__version__' and not is_module(f'{MAIN}.{alias.name}', ROOT)
    ]


def over_length(path: Path, source: str) -> dict[str, int]:
    """Return the lines of a file, of its classes and functions, where there are too many."""
    found = {path.as_posix(): len(source.splitlines())}
    limits = {path.as_posix(): MOST_LINES['file']}

    def visit(node: ast.AST, inside: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = inside
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                name = f'{inside}.{child.name}'.removeprefix('.')
                key = f'{path.as_posix()}::{name}'
                found[key] = (child.end_lineno or child.lineno) - child.lineno + 1
                kind = 'class' if isinstance(child, ast.ClassDef) else 'function'
                limits[key] = MOST_LINES[kind]
            visit(child, name)

    visit(ast.parse(source), '')
    return {name: lines for name, lines in found.items() if lines > limits[name]}


CLAUSES: dict[str, Callable[[Path, str], list[str]]] = {
    'parts': against_parts,
    'order': against_order,
    'owners': against_owners,
    'light files': against_light_files,
    'commands': against_commands,
    'public names': against_public_names,
}


def ties() -> set[str]:
    """Return all imports that break a clause."""
    return {
        found
        for path in FILES
        for clause in CLAUSES.values()
        for found in clause(path, (ROOT / path).read_text(encoding='utf-8'))
    }


def too_long() -> dict[str, int]:
    """Return everything that is too long."""
    found: dict[str, int] = {}
    for path in FILES:
        found |= over_length(path, (ROOT / path).read_text(encoding='utf-8'))
    return found


# The tests.


@EVERY_FILE
def test_a_file_imports_only_what_it_may(path: Path) -> None:
    source = (ROOT / path).read_text(encoding='utf-8')
    found = {name: set(clause(path, source)) - TIES_TO_CUT for name, clause in CLAUSES.items()}
    assert not {name: ties for name, ties in found.items() if ties}, f'not allowed by {PAGE.name}'


def test_the_list_of_ties_only_shrinks() -> None:
    assert not TIES_TO_CUT - ties(), 'these are cut: take them off TIES_TO_CUT'


@EVERY_FILE
def test_nothing_is_too_long(path: Path) -> None:
    found = over_length(path, (ROOT / path).read_text(encoding='utf-8'))
    assert not {name: n for name, n in found.items() if n > TOO_LONG.get(name, 0)}


def test_the_list_of_long_things_only_shrinks() -> None:
    assert not set(TOO_LONG) - set(too_long()), 'these are short now: take them off TOO_LONG'


def test_the_page_names_every_part() -> None:
    found = {f'{MAIN}/{path.parts[1]}' for path in FILES if path.parts[0] == MAIN} | {BENCH}
    assert found <= set(PARTS)
    assert {part for part in PARTS if '/' not in part.removeprefix(f'{MAIN}/')} <= found


def test_the_page_names_folders_and_files_that_exist() -> None:
    allowed = {name for may in PARTS.values() for name in may} - {f'{MAIN}/all'}
    places = [*PARTS, *allowed]
    places += [f'{part}/{name}' for part, folders in ORDER.items() for name in folders]
    places += [name for owners in OWNERS.values() for name in owners]
    assert not [place for place in places if not (ROOT / place).exists()]


@EVERY_FILE
def test_files_are_named_after_what_is_in_them(path: Path) -> None:
    assert not set(path.stem.split('_')) & FORBIDDEN


@EVERY_FILE
def test_files_name_their_licence(path: Path) -> None:
    first = (ROOT / path).read_text(encoding='utf-8').partition('\n')[0]
    assert first == '# SPDX-License-Identifier: Apache-2.0'


@pytest.mark.parametrize('module', ['pipeline.pipeline', 'runtime.predictor', 'core.card'])
def test_importing_it_pulls_in_no_heavy_library(module: str) -> None:
    code = f'import sys, lstm_dynamics_ros.{module}; print(*sys.modules)'
    shown = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert not set(shown.stdout.split()) & (set(OWNERS) - {'msgspec'})  # small, reads the card


# Planted violations: each clause notices one.


@pytest.mark.parametrize(
    ('clause', 'path', 'line'),
    [
        ('parts', 'core/card.py', 'from lstm_dynamics_ros.signals.time_grid import Intake'),
        ('parts', 'signals/time_grid.py', 'import lstm_dynamics_ros.control.base'),
        ('parts', 'control/base.py', 'from lstm_dynamics_ros.safety.gate import Gate'),
        ('parts', 'pipeline/forecast.py', 'from lstm_dynamics_ros.ros.main import NODES'),
        ('parts', 'ros/nodes/engine.py', 'from lstm_dynamics_ros.data.bags import reader'),
        ('parts', 'ros/nodes/recorder_node.py', 'import lstm_dynamics_ros.data.segment'),
        ('parts', 'ros/nodes/sim_node.py', 'import lstm_dynamics_ros.data.bags.writer'),
        ('parts', 'runtime/rollout.py', 'from lstm_dynamics_ros.learning import settings'),
        ('parts', 'data/segment.py', 'from lstm_dynamics_ros.sim.robot import load_robot'),
        ('parts', 'learning/columns.py', 'import lstm_dynamics_ros.evaluation.metrics'),
        ('parts', 'evaluation/metrics.py', 'import lstm_dynamics_ros.workflows.pool'),
        ('parts', 'workflows/pool.py', 'from lstm_dynamics_ros.cli.console import say'),
        ('parts', 'cli/console.py', 'import lstm_dynamics_bench.forecast'),
        ('parts', 'cli/main.py', 'def run():\n    from lstm_dynamics_bench import forecast'),
        ('parts', 'stray.py', 'from lstm_dynamics_ros.core.card import ModelCard'),
        ('order', 'learning/models/ensemble.py', 'import lstm_dynamics_ros.learning.export.proof'),
        ('order', 'data/bags/cdr.py', 'from lstm_dynamics_ros.data.tables import tables'),
        ('order', 'ros/topics/graph.py', 'from lstm_dynamics_ros.ros.nodes import sinks'),
        ('owners', 'safety/gate.py', 'import torch.nn'),
        ('owners', 'ros/nodes/engine.py', 'import onnxruntime'),
        ('owners', 'physics/friction.py', 'import pinocchio'),
        ('owners', 'data/segment.py', 'from scipy import io'),
        ('owners', 'pipeline/pipeline.py', 'from sensor_msgs.msg import JointState'),
        ('owners', 'evaluation/metrics.py', 'def plot():\n    import matplotlib'),
        ('light files', 'learning/settings.py', 'import torch'),
        ('light files', 'learning/settings.py', 'import lstm_dynamics_ros.learning.members'),
        ('light files', 'evaluation/scores/result.py', 'from matplotlib import pyplot'),
        ('light files', 'ros/nodes/settings.py', 'import lstm_dynamics_ros.ros.topics.graph'),
        ('commands', 'workflows/pool.py', 'from lstm_dynamics_ros.cli.train import Train'),
        ('commands', 'cli/search.py', 'from lstm_dynamics_ros.cli import train'),
        ('public names', 'core/card.py', 'from lstm_dynamics_ros import train'),
    ],
)
def test_a_planted_import_is_noticed(clause: str, path: str, line: str) -> None:
    assert CLAUSES[clause](Path(MAIN) / path, f'{line}\n')


@pytest.mark.parametrize(
    ('clause', 'path', 'line'),
    [
        ('parts', 'ros/nodes/recorder_node.py', 'import lstm_dynamics_ros.data.bags.recorder'),
        ('parts', 'learning/columns.py', 'from lstm_dynamics_ros import __version__'),
        ('public names', 'learning/columns.py', 'from lstm_dynamics_ros import __version__'),
        ('public names', 'cli/train.py', 'from lstm_dynamics_ros import workflows'),
        ('owners', 'data/segment.py', 'from scipy import signal'),
        ('light files', 'learning/settings.py', 'def f():\n    import torch'),
        ('commands', 'cli/main.py', 'from lstm_dynamics_ros.cli.train import Train'),
        ('commands', 'cli/search.py', 'from lstm_dynamics_ros.cli.console import say'),
    ],
)
def test_what_is_allowed_is_let_through(clause: str, path: str, line: str) -> None:
    assert not CLAUSES[clause](Path(MAIN) / path, f'{line}\n')


def test_a_file_class_or_function_that_is_too_long_is_noticed() -> None:
    path = Path(MAIN) / 'core' / 'card.py'
    body = '        x = 1\n'
    assert over_length(path, 'x = 1\n' * 451) == {path.as_posix(): 451}
    assert not over_length(path, 'x = 1\n' * 450)
    method = f'class A:\n    def f(self):\n{body * 60}'
    assert over_length(path, method) == {f'{path.as_posix()}::A.f': 61}
    short = ''.join(f'    def f{i}(self):\n{body * 40}' for i in range(5))
    assert over_length(path, f'class A:\n{short}') == {f'{path.as_posix()}::A': 206}


def test_a_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match='torch stands twice'):
        unique([('torch', ['learning']), ('onnx', []), ('torch', ['data'])])
