# SPDX-License-Identifier: Apache-2.0
"""Where the files that come with the package are: settings, models, mappings."""

from collections.abc import Iterator
import os
from pathlib import Path
import sys

from lstm_dynamics_ros.core.errors import ConfigError

PACKAGE = 'lstm_dynamics_ros'
"""Name of the package, and of its folder below ``share/``."""


def asset_folders() -> Iterator[Path]:
    """Yield the folders that may hold ``config/`` and ``models/``, the nearest first.

    They are the source tree, the Python environment and the sourced ROS 2 workspaces.
    """
    yield Path(__file__).resolve().parents[2]
    yield Path(sys.prefix) / 'share' / PACKAGE
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix:
            yield Path(prefix) / 'share' / PACKAGE


def asset(relative: str) -> Path:
    """Return the path of a file or folder that comes with the package.

    Args:
        relative: Path as in the source tree, like ``config/robots/arm.yaml``.

    Raises:
        ConfigError: If no folder has it.
    """
    folders = list(asset_folders())
    for folder in folders:
        path = folder / relative
        if path.exists():
            return path
    looked = ', '.join(str(folder) for folder in folders)
    raise ConfigError(f'{relative} is not installed. Looked in: {looked}.')


def assets(folder: str, pattern: str) -> dict[str, Path]:
    """Return the files of a folder that match a pattern, by name without suffix.

    Args:
        folder: Folder as in the source tree, like ``config/robots``.
        pattern: Shell pattern, like ``*.yaml``. Of two files of one name the nearest counts.
    """
    found: dict[str, Path] = {}
    for root in asset_folders():
        for path in sorted((root / folder).glob(pattern)):
            found.setdefault(path.stem, path)
    return found
