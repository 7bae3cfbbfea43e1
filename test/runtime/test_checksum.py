# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/checksum.py."""

from hashlib import sha256

from lstm_dynamics_ros.runtime.checksum import ChecksumError, is_sealed, PLACEHOLDER, seal
import pytest

BLANK = b'weights \x0a\x08checksum\x12\x40' + PLACEHOLDER.encode() + b' more weights'


def test_sealed_bytes_hold_the_sha256_of_the_bytes_with_zeros_in_its_place() -> None:
    sealed = seal(BLANK)
    assert sha256(BLANK).hexdigest().encode() in sealed
    assert len(sealed) == len(BLANK)
    assert is_sealed(sealed)


def test_sealing_twice_changes_nothing() -> None:
    assert seal(seal(BLANK)) == seal(BLANK)


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal(BLANK)
    for i in range(len(sealed)):
        broken = bytearray(sealed)
        broken[i] ^= 1
        assert not is_sealed(bytes(broken)), i


def test_truncated_bytes_are_noticed() -> None:
    assert not is_sealed(seal(BLANK)[:-1])


def test_bytes_without_a_place_for_it_cannot_be_sealed() -> None:
    with pytest.raises(ChecksumError, match='found 0'):
        seal(b'weights')


def test_two_places_are_refused() -> None:
    with pytest.raises(ChecksumError, match='found 2'):
        seal(BLANK + BLANK)
    assert not is_sealed(BLANK + BLANK)
