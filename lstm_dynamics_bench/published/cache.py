# SPDX-License-Identifier: Apache-2.0
"""Where bags, models and scores are kept between runs, outside of the repository.

Everything lies under a key made of all it depends on: data, settings, and the code that made it.
What has another key is not used, and nothing is ever written over.
"""

import ast
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
import json
import os
from pathlib import Path
from typing import Any

import lstm_dynamics_ros
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.card import CONTRACT_VERSION

MAKES_MODELS = tuple(
    f'lstm_dynamics_ros/{part}' for part in ('core', 'signals', 'data', 'physics', 'learning')
)
"""Parts whose code decides what a model is."""

CHOOSES = ('lstm_dynamics_ros/workflows',)
"""Parts whose code decides, beside, what a chosen model is."""

MAKES_SCORES = (
    *(
        f'lstm_dynamics_ros/{part}'
        for part in ('core', 'signals', 'data', 'runtime', 'physics', 'evaluation')
    ),
    'lstm_dynamics_bench/published',
)
"""Parts whose code decides what a score is."""


def default_cache() -> Path:
    """Return the folder that is used unless another is asked for."""
    home = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(home) / 'lstm_dynamics_ros' / 'real'


def key_of(values: Mapping[str, Any]) -> str:
    """Return a name for all that something depends on: 16 hexadecimal digits."""
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


@lru_cache
def code_digest(parts: tuple[str, ...]) -> str:
    """Return the digest of the package's version, contract, and the code of some parts.

    Comments and layout do not count.
    """
    root = Path(lstm_dynamics_ros.__file__).parents[1]
    files = [file for part in parts for file in sorted((root / part).rglob('*.py'))]
    total = sha256(f'{lstm_dynamics_ros.__version__} {CONTRACT_VERSION}'.encode())
    for file in files:
        total.update(str(file.relative_to(root)).encode())
        total.update(ast.dump(ast.parse(file.read_text(encoding='utf-8'))).encode())
    return total.hexdigest()


def data_digest(folder: Path, files: Sequence[Path]) -> str:
    """Return the sha256 over names and bytes of a set's files."""
    total = sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(folder)).encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def read_kept(path: Path) -> dict[str, Any] | None:
    """Return the JSON that was kept in a file, None if there is none."""
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return None
    return values


def keep(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON as a whole or not at all."""
    write_text(path, json.dumps(values))
