# SPDX-License-Identifier: Apache-2.0
"""A model with more weights than there are numbers to learn is refused."""

from dataclasses import replace
import re
from typing import Any

from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.members import check_size, recurrent_weights
import pytest


def test_weights_are_counted_as_the_equations_have_them() -> None:
    settings = InverseSettings(hidden_size=10, head_size=0, history_steps=1, ripple_limit=0)
    seen = 2 * 2 + 2 * 2 + 2  # position, velocity, sine and cosine of 2 joints, linear part
    lstm = 4 * 10 * (seen + 10) + 2 * 4 * 10
    assert recurrent_weights(settings, ('revolute',) * 2) == lstm + 2 * 10 + 2


def test_enough_data_is_accepted(runs: list[Segment], small: dict[str, Any]) -> None:
    check_size(runs, ForwardSettings(**small))


def test_the_largest_size_that_fits_is_named_and_fits(
    runs: list[Segment], small: dict[str, Any]
) -> None:
    settings = ForwardSettings(**(small | {'hidden_size': 512}))
    with pytest.raises(TrainingError, match='use --force') as refused:
        check_size(runs[:1], settings)
    found = re.search(r'largest that fits is hidden_size (\d+)', str(refused.value))
    assert found
    size = int(found[1])
    check_size(runs[:1], replace(settings, hidden_size=size))
    with pytest.raises(TrainingError):
        check_size(runs[:1], replace(settings, hidden_size=size + 1))


def test_data_too_short_for_any_size_say_so(runs: list[Segment], small: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match='None fits'):
        check_size([runs[0].rows(0, 5)], ForwardSettings(**small))
