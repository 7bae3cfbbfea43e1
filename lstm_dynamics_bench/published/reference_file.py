# SPDX-License-Identifier: Apache-2.0
"""Loads the opponents that come as code with the published data sets, where they are present."""

import importlib.util
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import DataError


def load_reference(path: Path) -> Any:  # noqa: ANN401 - a module that is not part of the package
    """Return the ``reference.py`` of a data folder as a module.

    It runs code of that file, so the file must be one you trust.

    Args:
        path: The file itself, or the folder it is in.

    Raises:
        DataError: If it is not there or cannot be imported.
    """
    file = path / 'reference.py' if path.is_dir() else path
    spec = importlib.util.spec_from_file_location('lstm_dynamics_reference', file)
    if spec is None or spec.loader is None or not file.is_file():
        raise DataError(f'{file} is not there; it holds the opponents of the published sets.')
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DataError(f'{file} cannot be run: {type(error).__name__}: {error}.') from error
    return module
