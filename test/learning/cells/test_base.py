# SPDX-License-Identifier: Apache-2.0
"""Tests of the registry of cells."""

from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.learning.cells import CELLS
import pytest


def test_every_file_of_the_folder_is_registered() -> None:
    assert set(CELLS) >= {'lstm', 'gru'}


def test_an_unknown_cell_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown cell 'lsmt'\. .*Did you mean 'lstm'\?"):
        CELLS['lsmt']


def test_zero_state_has_one_tensor_per_name() -> None:
    cell = CELLS['lstm'](3, 4, 2)
    state = cell.zero_state(5)
    assert [tuple(part.shape) for part in state] == [(2, 5, 4), (2, 5, 4)]
    assert not any(part.any() for part in state)
