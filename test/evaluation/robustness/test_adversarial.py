# SPDX-License-Identifier: Apache-2.0
"""The worst and the random disturbance of a model whose worst case is known."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.adversarial import Adversarial, STEPS
from lstm_dynamics_ros.evaluation.robustness.answers import ForwardSubject, InverseSubject
from lstm_dynamics_ros.evaluation.robustness.base import RobustnessCase
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import pytest

MakeCase = Callable[..., RobustnessCase]


class AllUp:
    """Moves every input up by its bound: the worst for effort = 5 q + 0.5 dq, up to the sign."""

    method = 'a sign'

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(
        self,
        observations: NDArray[np.float32],
        states: object,
        target: NDArray[np.float64],
        weight: NDArray[np.float64],
        bound: NDArray[np.float64],
        *,
        kind: str,
        effort: NDArray[np.float64],
        seed: int,
    ) -> NDArray[Any]:
        del states, target, weight, seed
        self.asked.append((kind, len(effort) + 1))
        return np.broadcast_to(bound, observations.shape)


def test_a_linear_model_errs_by_the_bound_times_its_coefficients(
    make_recording: Callable[..., Recording], linear_model: LoadedModel, make_case: MakeCase
) -> None:
    still = make_recording(np.zeros((300, 2)), effort=np.full((300, 2), -0.1))
    still.effort[::2] -= 0.1
    case = make_case(InverseSubject(linear_model, 5), [still], attack=AllUp())
    worst, random = Adversarial().measure(case, lambda _: None)
    assert worst.levels[0].figures['effort'].ratio == 1.0
    for at, by_chance in zip(worst.levels[1:], random.levels[1:], strict=True):
        # Standard deviations in training are 1; errors without disturbance 0.1 and 0.2.
        expected = 0.2 + 5.5 * at.size
        np.testing.assert_allclose(at.figures['effort'].largest, expected, rtol=1e-5)
        assert by_chance.figures['effort'].ratio < at.figures['effort'].ratio


def test_a_random_disturbance_adds_as_variances(
    make_recording: Callable[..., Recording], linear_model: LoadedModel, make_case: MakeCase
) -> None:
    still = make_recording(np.zeros((2000, 2)))
    case = make_case(InverseSubject(linear_model, 5), [still], attack=AllUp())
    _, random = Adversarial().measure(case, lambda _: None)
    level = random.levels[-1]
    expected = level.size * np.hypot(5.0, 0.5)
    np.testing.assert_allclose(level.figures['effort'].rmse, expected, rtol=0.1)


def test_every_channel_of_a_forward_model_is_attacked_at_its_own_horizon(
    swinging: Recording, forward_model: LoadedModel, make_case: MakeCase
) -> None:
    attack = AllUp()
    case = make_case(ForwardSubject(forward_model, 5, 10), [swinging], attack=attack)
    ticks: list[str] = []
    Adversarial().measure(case, ticks.append)
    assert attack.asked == [('position', 1), ('velocity', 1), ('position', 10), ('velocity', 10)]
    assert len(ticks) == Adversarial().work(case)


def test_undisturbed_windows_give_the_undisturbed_answers(
    swinging: Recording, forward_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(ForwardSubject(forward_model, 5, 10), [swinging], attack=AllUp())
    worst, _ = Adversarial().measure(case, lambda _: None)
    (answered,), (track,) = case.undisturbed, case.tracks
    room = np.flatnonzero(track.rows >= STEPS)
    picked = room[np.linspace(0, len(room) - 1, 32).round().astype(int)]
    for label, found in worst.levels[0].figures.items():
        expected = np.sqrt(np.mean(answered.errors[label][picked] ** 2, axis=0))
        np.testing.assert_allclose(found.rmse, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize('why', ['that needs torch'])
def test_without_gradients_there_is_a_note_instead(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase, why: str
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging], attack=why)
    assert Adversarial().measure(case, lambda _: None) == []
    assert why in Adversarial().notes(case)[0]
