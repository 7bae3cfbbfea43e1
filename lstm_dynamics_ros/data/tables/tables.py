# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers in csv, mat and npz files."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from lstm_dynamics_ros.core.errors import DataError, MissingLibraryError
from lstm_dynamics_ros.core.state import Matrix
import numpy as np


class ArrayTable:
    """The arrays of one file.

    Args:
        path: Where it was read from, for messages.
        arrays: Arrays by key, with one row per time; dots lead into structs.
        header: Names of the columns, for files that name them.
    """

    def __init__(
        self, path: Path, arrays: Mapping[str, Matrix], header: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.arrays = dict(arrays)
        self.header = tuple(header)

    def array(self, key: str) -> Matrix:
        """Return an array, shape (n_rows, n_columns); a vector is one column.

        Raises:
            DataError: If there is none of that name, or it does not hold numbers.
        """
        if key not in self.arrays:
            known = ', '.join(f'{k} {v.shape}' for k, v in sorted(self.arrays.items())) or 'none'
            hint = _hint(key, self.arrays)
            raise DataError(f'{self.path} has no array {key!r}. It has: {known}.{hint}')
        found = self.arrays[key]
        return found[:, None] if found.ndim == 1 else np.atleast_2d(found)

    def column(self, array: Matrix, name: str | float) -> int:
        """Return the number of a column that is given by name or number.

        Raises:
            DataError: If there is no such column.
        """
        if isinstance(name, str):
            if name in self.header:
                return self.header.index(name)
            known, hint = ', '.join(self.header) or 'no header', _hint(name, self.header)
            raise DataError(f'{self.path} has no column {name!r}. It has: {known}.{hint}')
        number = int(name)
        if number != name or not 0 <= number < array.shape[1]:
            raise DataError(
                f'{self.path} has {array.shape[1]} columns, numbered from 0; got column {name:g}.'
            )
        return number


def load_csv(path: Path, delimiter: str, header_rows: int) -> ArrayTable:
    """Read a text file of numbers with names above its columns.

    Args:
        path: The file.
        delimiter: What separates columns; empty for blanks.
        header_rows: Rows before the numbers; the last one has the names.

    Raises:
        DataError: If it cannot be read, or holds something else than numbers.
    """
    try:
        with path.open(encoding='utf-8-sig') as file:
            heads = [file.readline() for _ in range(header_rows)]
            values = np.loadtxt(file, delimiter=delimiter or None, ndmin=2)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    names = heads[-1].strip().lstrip('#').strip().split(delimiter or None) if heads else []
    header = [name.strip().strip('"\'') for name in names]
    if header and len(header) != values.shape[1]:
        raise DataError(
            f'{path} has {len(header)} names but {values.shape[1]} columns. '
            'Is the delimiter right, and header_rows?'
        )
    return ArrayTable(path, {'': values}, header)


def load_npz(path: Path) -> ArrayTable:
    """Read the arrays of a numpy archive, pickled ones excluded.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as archive:
            return ArrayTable(path, {key: np.asarray(archive[key], np.float64) for key in archive})
    except (OSError, ValueError, EOFError, TypeError, BadZipFile) as error:
        raise _unreadable(path, error) from error


def load_mat(path: Path) -> ArrayTable:
    """Read the numbers in a MATLAB file, those in structs under dotted names.

    Raises:
        MissingLibraryError: If scipy is not installed.
        DataError: If it cannot be read.
    """
    try:
        from scipy.io import loadmat  # noqa: PLC0415 - only for MATLAB files
        from scipy.io.matlab import MatReadError  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError('scipy') from error
    try:
        content = loadmat(path, simplify_cells=True)
    except NotImplementedError as error:
        raise DataError(
            f'{path} is a MATLAB 7.3 file. Save it again with save(..., "-v7").'
        ) from error
    except (OSError, ValueError, TypeError, KeyError, IndexError, MatReadError) as error:
        raise _unreadable(path, error) from error
    return ArrayTable(path, dict(_numbers(content)))


def _numbers(content: Mapping[Any, Any], prefix: str = '') -> list[tuple[str, Matrix]]:
    """Return the arrays of numbers in nested structs, with their dotted names."""
    found: list[tuple[str, Matrix]] = []
    for key, value in content.items():
        if not isinstance(key, str) or key.startswith('__'):
            continue
        if isinstance(value, Mapping):
            found += _numbers(value, f'{prefix}{key}.')
        elif (
            isinstance(value, int | float) or getattr(value, 'dtype', np.dtype('O')).kind in 'iufb'
        ):
            found.append((f'{prefix}{key}', np.asarray(value, np.float64)))
    return found


def _hint(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f' Did you mean {close[0]!r}?' if close else ''


def _unreadable(path: Path, error: BaseException) -> DataError:
    reason = ' '.join(str(error).split()) or type(error).__name__
    return DataError(f'{path} cannot be read as a table: {reason}')
