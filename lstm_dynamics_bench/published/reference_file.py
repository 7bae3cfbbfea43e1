# SPDX-License-Identifier: Apache-2.0
"""``reference.py`` of the data folder: the sets' own baselines as code, and their figures.

Before anything is compared, the figures of the baselines must come out here as they did where
they were written down.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_bench.published.cache import keep, key_of, read_kept
from lstm_dynamics_ros.core.errors import DataError
import numpy as np

TOLERANCE = 0.02
"""Largest relative difference to a frozen figure."""


class Reproduced(NamedTuple):
    """A figure of ``reference.py``, as written down in it and as it comes out here."""

    frozen: list[float]
    ours: list[float]


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
        raise DataError(f'{file} is not there; it holds the baselines of the published sets.')
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DataError(f'{file} cannot be run: {type(error).__name__}: {error}.') from error
    return module


def reproduce(folder: Path, name: str, keys: Sequence[str]) -> dict[str, Reproduced]:
    """Run the baselines of one set.

    Args:
        folder: Data folder with ``reference.py``.
        name: The set, and the function of that file.
        keys: Keys of its ``FROZEN``, in the order the function returns them; none for a set
            without baselines there.

    Raises:
        DataError: If it lacks the function or a key, it fails, or a figure differs by more than
            :data:`TOLERANCE`.
    """
    if not keys:
        return {}
    module = load_reference(folder)
    function, frozen = getattr(module, name, None), getattr(module, 'FROZEN', {})
    if function is None or any(key not in frozen for key in keys):
        raise DataError(
            f'{folder / "reference.py"} must have the function {name} and the figures '
            f'{", ".join(keys)} in FROZEN; it has {", ".join(frozen) or "none"}.'
        )
    try:
        figures = function()
    except Exception as error:
        raise DataError(
            f'reference.py cannot score {name}: {type(error).__name__}: {error}.'
        ) from error
    values = [figures] if len(keys) == 1 else list(figures)
    found = {
        key: Reproduced(_numbers(frozen[key]), _numbers(value))
        for key, value in zip(keys, values, strict=True)
    }
    for key, item in found.items():
        check(key, item)
    return found


def reproduced(
    folder: Path, name: str, keys: Sequence[str], data_sha256: str, cache: Path
) -> dict[str, Reproduced]:
    """Return what :func:`reproduce` does, kept from an earlier run with the same file and data.

    Args:
        folder: Data folder with ``reference.py``.
        name: The set.
        keys: See :func:`reproduce`.
        data_sha256: Digest of the set's files.
        cache: Folder for all that is kept.

    Raises:
        DataError: As :func:`reproduce`, and if there is no ``reference.py``.
    """
    if not keys:
        return {}
    try:
        code = sha256((folder / 'reference.py').read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f'{folder} must have the file reference.py with the baselines of the sets: '
            f'{error.strerror}.'
        ) from error
    key = key_of({'reference': code, 'data': data_sha256, 'keys': list(keys)})
    path = cache / 'reference' / f'{name}-{key}.json'
    kept = read_kept(path)
    if kept is not None:
        return {k: Reproduced(**item) for k, item in kept.items()}
    found = reproduce(folder, name, keys)
    keep(path, {k: item._asdict() for k, item in found.items()})
    return found


def check(key: str, item: Reproduced) -> None:
    """Raise unless a figure was reproduced.

    Raises:
        DataError: Naming both values.
    """
    frozen, ours = np.asarray(item.frozen), np.asarray(item.ours)
    same = frozen.shape == ours.shape
    if not same or not np.all(np.abs(ours - frozen) <= TOLERANCE * np.abs(frozen)):
        raise DataError(
            f'{key}: {item.frozen} is written down, but {item.ours} comes out here, '
            f'more than {100 * TOLERANCE:g} % off. Are the data files those it was made for? '
            'Nothing is compared before that is clear.'
        )


def frozen_of(found: Mapping[str, Reproduced]) -> dict[str, list[float]]:
    """Return the figures as they were written down, by key."""
    return {key: item.frozen for key, item in found.items()}


def _numbers(value: object) -> list[float]:
    """Return one or more numbers as a list."""
    return [float(number) for number in np.asarray(value, float).ravel()]
