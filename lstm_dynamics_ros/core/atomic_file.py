# SPDX-License-Identifier: Apache-2.0
"""Files that are written as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from tempfile import TemporaryFile

from lstm_dynamics_ros.core.errors import ConfigError


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Yield the path of an unfinished file that takes the place of ``path`` at the end.

    It lies beside ``path``, so that the replacement is one step on every file system, and is on
    the disk before it replaces anything. On an error it is removed, and ``path`` stays as it was.
    Folders that are missing are made.

        with unfinished(path) as part:
            np.savez(part.open('wb'), **arrays)

    Args:
        path: The file to write or replace.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}.part')  # not that of another process
    try:
        yield part
        with part.open('rb') as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out whether a file can be written, before the work that it is for begins.

    Raises:
        ConfigError: If it is a folder, or its own folder cannot be made or written to.
    """
    if path.is_dir():
        raise ConfigError(
            f'{path} is a folder. Give the file to write, e.g. {path / "model.onnx"}.'
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ConfigError(
            f'{path} cannot be written ({error.strerror}). Give a file in a folder that can.'
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all, see :func:`unfinished`."""
    with unfinished(path) as part:
        part.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write a file of UTF-8 text as a whole or not at all, see :func:`unfinished`."""
    write_bytes(path, text.encode())
