# SPDX-License-Identifier: Apache-2.0
"""Figures about the structure of the code: ``python test/shared/structure.py [TREE ...]``.

A tree is a checkout of this repository, of any commit. What a file imports is read from its text,
here and for the test of the import rule, so that nothing of a tree is run.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
import sys

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.text_table import text_table

MAIN, BENCH = 'lstm_dynamics_ros', 'lstm_dynamics_bench'
PACKAGES = (MAIN, BENCH)
ROBOT_SIDE = (
    'core',
    'signals',
    'physics',
    'runtime',
    'control',
    'safety',
    'pipeline',
    'ros',
)
SHORT = 60
"""Lines below which a file is counted as short."""

MARK = 'fmt: ' + 'skip'  # In two, or this file would be counted among the tests.
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def python_files(root: Path) -> list[Path]:
    """Return the files of the packages of a tree, relative to it."""
    return sorted(p.relative_to(root) for name in PACKAGES for p in (root / name).rglob('*.py'))


@cache
def is_module(name: str, root: Path) -> bool:
    """Return whether a tree has a module of this name."""
    where = root.joinpath(*name.split('.'))
    return (where / '__init__.py').is_file() or where.with_suffix('.py').is_file()


@cache
def imported(source: str, root: Path, *, at_import: bool = False) -> frozenset[str]:
    """Return the modules a file imports, ours as modules even if a name of one is meant.

    Args:
        source: The file's text.
        root: The tree that it is of.
        at_import: Only what is loaded when the file is, not what functions import.
    """
    found = set[str]()
    for node in walk(ast.parse(source), at_import=at_import):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f'{node.module}.{alias.name}' for alias in node.names}
            modules = {name for name in inner if is_module(name, root)}
            if len(modules) < len(inner) or not node.module.startswith(PACKAGES):
                found.add(node.module)
            found |= modules if node.module.startswith(PACKAGES) else inner
    return frozenset(found)


def walk(node: ast.AST, *, at_import: bool) -> Iterator[ast.AST]:
    """Yield a node and what is below it, without functions if ``at_import``."""
    yield node
    for child in ast.iter_child_nodes(node):
        if at_import and isinstance(child, FUNCTIONS):
            continue
        if at_import and isinstance(child, ast.If) and 'TYPE_CHECKING' in ast.unparse(child.test):
            continue
        yield from walk(child, at_import=at_import)


def part_named(module: str) -> str | None:
    """Return the part of a module by its name: the bench, or a folder or module of the root."""
    package, _, below = module.partition('.')
    return BENCH if package == BENCH else below.partition('.')[0] or None


def module_name(path: Path) -> str:
    """Return the name by which a file is imported."""
    return '.'.join(path.with_suffix('').parts).removesuffix('.__init__')


def dependencies(sources: dict[Path, str], root: Path) -> set[tuple[str, str]]:
    """Return the ordered pairs of parts of which the first imports the second, anywhere."""
    pairs = {
        (part_named(module_name(path)), part_named(name))
        for path, source in sources.items()
        for name in imported(source, root)
        if name.split('.')[0] in PACKAGES
    }
    return {(one, other) for one, other in pairs if one and other and one != other}


def imports_in_functions(tree: ast.Module) -> int:
    """Return how many import statements stand inside functions."""
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, FUNCTIONS)
        for node in ast.walk(function)
    }
    return sum(isinstance(node, ast.Import | ast.ImportFrom) for node in inside)


def homes(trees: dict[Path, ast.Module]) -> dict[str, set[Path]]:
    """Return the files that define a class of a name, by name."""
    found: dict[str, set[Path]] = {}
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).add(path)
    return found


def figures(root: Path) -> dict[str, int]:
    """Return the figures of a tree, by what they count.

    Raises:
        ConfigError: If the folder is no checkout.
    """
    sources = {path: (root / path).read_text(encoding='utf-8') for path in python_files(root)}
    if not sources:
        raise ConfigError(f'{root} holds no {MAIN}/: give the folder of a checkout.')
    trees = {path: ast.parse(source) for path, source in sources.items()}
    lines = {path: len(source.splitlines()) for path, source in sources.items()}
    tests = [path.read_text(encoding='utf-8') for path in (root / 'test').rglob('*.py')]
    return {
        'modules': len(sources),
        'modules in the package root': len(list((root / MAIN).glob('*.py'))),
        'parts': len({part_named(module_name(path)) for path in sources} - {None}),
        'dependencies between parts': len(dependencies(sources, root)),
        'lines': sum(lines.values()),
        'lines of the main package': sum(n for p, n in lines.items() if p.parts[0] == MAIN),
        'lines of the bench': sum(n for p, n in lines.items() if p.parts[0] == BENCH),
        'lines of the robot side': sum(
            n for p, n in lines.items() if p.parts[0] == MAIN and p.parts[1] in ROBOT_SIDE
        ),
        f'files under {SHORT} lines': sum(n < SHORT for n in lines.values()),
        'class names with two or more homes': sum(len(x) > 1 for x in homes(trees).values()),
        f'{MARK} in the packages': sum(source.count(MARK) for source in sources.values()),
        f'{MARK} in the tests': sum(source.count(MARK) for source in tests),
        'imports inside functions': sum(map(imports_in_functions, trees.values())),
    }


def main(trees: list[str]) -> None:
    """Print the figures of trees, one column each; those of this one by default."""
    roots = [Path(name).resolve() for name in trees] or [Path(__file__).resolve().parents[2]]
    columns = [figures(root) for root in roots]
    rows = [[name, *(str(column[name]) for column in columns)] for name in columns[0]]
    print(text_table(['', *(root.name for root in roots)], rows))  # noqa: T201


if __name__ == '__main__':
    main(sys.argv[1:])
