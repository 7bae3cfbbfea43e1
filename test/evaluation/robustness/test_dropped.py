# SPDX-License-Identifier: Apache-2.0
"""Messages that never arrive."""

from collections.abc import Callable

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import InverseSubject
from lstm_dynamics_ros.evaluation.robustness.base import Case
from lstm_dynamics_ros.evaluation.robustness.dropped import Dropped, losses
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

MakeCase = Callable[..., Case]


@pytest.mark.parametrize('length', [1.0, 4.0])
def test_share_and_length_of_losses_are_as_asked(length: float) -> None:
    lost = losses(np.random.default_rng(0).random(400_000), 0.1, length)
    assert lost.mean() == pytest.approx(0.1, rel=0.03)
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    alone = 1 / 0.9  # independent losses follow each other by chance
    expected = alone if length == 1.0 else length
    assert lost.sum() / bursts == pytest.approx(expected, rel=0.03)


def test_a_constant_signal_is_not_changed_by_losses(
    make_recording: Callable[..., Recording], linear_model: LoadedModel, make_case: MakeCase
) -> None:
    still = make_recording(np.full((1500, 2), 0.3), effort=np.full((1500, 2), 1.0))
    case = make_case(InverseSubject(linear_model, 5), [still])
    for curve in Dropped().measure(case, lambda _: None):
        for level in curve.levels:
            np.testing.assert_allclose(level.figures['effort'].rmse, 0.5, atol=1e-6)


def test_a_lost_message_is_answered_with_the_last_one(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging])
    single, burst = Dropped().measure(case, lambda _: None)
    at_20 = single.levels[-1]
    # Age n of the newest message: 0.8 * 0.2^n.
    assert at_20.age == pytest.approx(0.25, rel=0.1)
    # The clean error and, n steps late, the change of 5 q + 0.5 dq over n steps.
    told = 5 * swinging.position + 0.5 * swinging.velocity
    square = np.full(2, 0.2**2)
    for n in range(1, 5):
        square += 0.8 * 0.2**n * np.mean((told[n:] - told[:-n]) ** 2, axis=0)
    found = at_20.figures['effort'].rmse
    np.testing.assert_allclose(found, np.sqrt(square), rtol=0.05)
    assert single.levels[-1].restarts < burst.levels[-1].restarts
    assert burst.levels[-1].answered < burst.levels[2].answered < 1.0
