# SPDX-License-Identifier: Apache-2.0
"""The checksum inside a model file, so that a changed byte anywhere is noticed at load.

The flat metadata property ``checksum`` of the ONNX file holds the sha256 of the whole file with
those 64 characters replaced by zeros. It tells damage from a sound file; it proves nothing about
who made the file.
"""

from hashlib import sha256
import re

from lstm_dynamics_ros.core.errors import LstmDynamicsError

PLACEHOLDER = '0' * 64
"""Value to give the property ``checksum`` before :func:`seal`."""

# A StringStringEntryProto: key is field 1 (8 bytes long), value is field 2 (64 bytes long).
_SLOT = re.compile(rb'\x0a\x08checksum\x12\x40([0-9a-f]{64})')


class ChecksumError(LstmDynamicsError):
    """A file without exactly one place for the checksum."""


def seal(data: bytes) -> bytes:
    """Return the bytes of an ONNX file with its checksum filled in.

    Args:
        data: Serialised model whose metadata property ``checksum`` has 64 hexadecimal digits,
            e.g. :data:`PLACEHOLDER`.

    Raises:
        ChecksumError: If there is no such property, or more than one.
    """
    start, end = _slot(data)
    digest = _digest(data, start, end)
    return data[:start] + digest + data[end:]


def is_sealed(data: bytes) -> bool:
    """Return whether the checksum in the bytes of an ONNX file is that of the bytes."""
    try:
        start, end = _slot(data)
    except ChecksumError:
        return False
    return data[start:end] == _digest(data, start, end)


def _slot(data: bytes) -> tuple[int, int]:
    """Return where the 64 digits stand."""
    found = [match.span(1) for match in _SLOT.finditer(data)]
    if len(found) != 1:
        raise ChecksumError(
            'Expected one metadata property "checksum" with 64 hexadecimal digits, '
            f'found {len(found)}.'
        )
    return found[0]


def _digest(data: bytes, start: int, end: int) -> bytes:
    """Return the sha256 of ``data`` with the digits replaced by zeros, as 64 digits."""
    blank = PLACEHOLDER.encode()
    return sha256(data[:start] + blank + data[end:]).hexdigest().encode()
