# SPDX-License-Identifier: Apache-2.0
"""The table of rooms in docs/architecture.md is the law: who may import what."""

import ast
from fnmatch import fnmatch
from pathlib import Path
import subprocess
import sys
from typing import NamedTuple

import lstm_dynamics_ros
import pytest

PACKAGE = Path(lstm_dynamics_ros.__file__).parent
DOCS = Path(__file__).parents[1] / 'docs' / 'architecture.md'
FILES = sorted(PACKAGE.rglob('*.py'))
EVERY_FILE = pytest.mark.parametrize(
    'path', FILES, ids=lambda path: str(path.relative_to(PACKAGE))
)
MESSAGE_PACKAGES = {
    'ament_index_python', 'builtin_interfaces', 'diagnostic_msgs', 'launch', 'launch_ros',
    'lifecycle_msgs', 'rcl_interfaces', 'rosgraph_msgs', 'rosidl_runtime_py', 'sensor_msgs',
    'std_msgs', 'std_srvs', 'trajectory_msgs',
}  # fmt: skip
FORBIDDEN = {'util', 'utils', 'common', 'helper', 'helpers', 'manager', 'misc', 'tools'}
LONGEST = 450


class Room(NamedTuple):
    """One row of the table."""

    name: str
    libraries: set[str]
    rooms: set[str]


def read_table() -> dict[str, Room]:
    lines = DOCS.read_text(encoding='utf-8').splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith('| room |')) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith('|'):
            break
        rows.append([cell.strip() for cell in line.strip('|').split('|')])
    names = [row[0].strip('`/') for row in rows]
    rooms = {}
    for name, (_, libraries, may, *_) in zip(names, rows, strict=True):
        owned = {item.strip() for item in libraries.split(',')} - {'-'}
        if 'message packages' in owned:
            owned = owned - {'message packages'} | MESSAGE_PACKAGES
        listed = {item.strip(' `') for item in may.removeprefix('all but').split(',')} - {'-'}
        if may.startswith('all'):
            listed = set(names) - {'package root'} - (listed if 'but' in may else set())
        rooms[name] = Room(name, owned, listed)
    return rooms


ROOMS = read_table()
OWNED = {library for room in ROOMS.values() for library in room.libraries}


def room_of(parts: tuple[str, ...]) -> str:
    """Return the row a module belongs to, by its path below the package without suffix."""
    if parts and parts[0] in ROOMS:
        return parts[0]
    if len(parts) == 1:
        files = [name for name in ROOMS if name.endswith('.py')]
        return next((n for n in files if fnmatch(f'{parts[0]}.py', n)), 'package root')
    return '/'.join(parts)


def imported(path: Path) -> set[str]:
    """Return the full names of all modules a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f'{node.module}.{alias.name}' for alias in node.names}
    return names


def is_module(name: str) -> bool:
    where = PACKAGE.joinpath(*name.split('.')[1:])
    return where.is_dir() or where.with_suffix('.py').is_file()


def test_the_table_names_every_room() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[:1] for path in FILES}
    assert {parts[0] for parts in folders if parts} <= set(ROOMS)


@EVERY_FILE
def test_a_library_is_imported_only_by_its_room(path: Path) -> None:
    room = room_of(path.relative_to(PACKAGE).with_suffix('').parts)
    for name in imported(path):
        found = {library for library in OWNED if f'{name}.'.startswith(f'{library}.')}
        for library in found:
            owners = [row.name for row in ROOMS.values() if library in row.libraries]
            assert room in owners, f'{library} may only be imported by {owners}'


@EVERY_FILE
def test_rooms_import_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path.relative_to(PACKAGE).with_suffix('').parts)
    allowed = ROOMS[room].rooms | {room, 'package root'}
    for name in imported(path):
        package, *parts = name.split('.')
        if package != 'lstm_dynamics_ros' or not parts or not is_module(name):
            continue
        other = room_of(tuple(parts))
        assert other in allowed, f'{room} may not import {name}'


@EVERY_FILE
def test_files_are_short_enough_to_hold_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding='utf-8').splitlines()) <= LONGEST


@EVERY_FILE
def test_files_are_named_after_what_is_in_them(path: Path) -> None:
    assert not set(path.stem.split('_')) & FORBIDDEN


@EVERY_FILE
def test_files_name_their_licence(path: Path) -> None:
    first = path.read_text(encoding='utf-8').partition('\n')[0]
    assert first == '# SPDX-License-Identifier: Apache-2.0'


@pytest.mark.parametrize(
    ('module', 'absent'),
    [
        ('lstm_dynamics_ros.pipeline', OWNED),
        ('lstm_dynamics_ros.runtime.predictor', OWNED),
        ('lstm_dynamics_ros.card', OWNED),
    ],
)
def test_importing_it_pulls_in_no_heavy_library(module: str, absent: set[str]) -> None:
    code = f'import sys, {module}; print(*sys.modules)'
    shown = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert not set(shown.stdout.split()) & absent
