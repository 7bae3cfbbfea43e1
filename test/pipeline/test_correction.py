# SPDX-License-Identifier: Apache-2.0
"""Tests for correction.py."""

from collections.abc import Callable

from lstm_dynamics_ros.control import ControlInput, Controller
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.pipeline.correction import CorrectionOutput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
import numpy as np
import pytest

DT_NS = 5_000_000
OPEN = GateSettings(
    blend=1.0, fade_in=0.0, fade_out=0.02, max_effort_fraction=1.0, max_effort_rate=1e6
)


class Fixed(Controller):
    """Wants a torque that the test sets."""

    def __init__(self) -> None:
        self.value: Vector = np.ones(2)
        self.part: Vector | None = None
        self.resets = 0

    @property
    def nominal(self) -> Vector | None:
        """See the base class."""
        return self.part

    def torque(self, given: ControlInput) -> Vector | None:  # noqa: ARG002
        return self.value

    def reset(self) -> None:
        self.resets += 1


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load(kind='motion', disturbance_bandwidth=20.0).card


@pytest.fixture
def output(card: ModelCard) -> CorrectionOutput:
    gate = Gate(OPEN, (20.0, 20.0), 0.005)
    return CorrectionOutput(Fixed(), gate, card, 0.005, 2 * DT_NS)


def state(k: int) -> JointState:
    return JointState(k * DT_NS, np.zeros(2), np.zeros(2), np.zeros(2))


def send(output: CorrectionOutput, k: int, value: float, *, armed: bool = True) -> Vector | None:
    return output.send(state(k), np.full(2, value), armed=armed, confidence=1.0)


def test_what_was_let_out_acts_one_latency_later(output: CorrectionOutput) -> None:
    applied = []
    for k in range(6):
        applied.append(float(output.applied(k * DT_NS)[0]))
        send(output, k, float(k + 1))
    assert applied == [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]


def test_after_silence_nothing_acts(output: CorrectionOutput) -> None:
    send(output, 0, 5.0)
    assert output.applied(2 * DT_NS)[0] == 5.0
    assert output.applied(10 * DT_NS)[0] == 0.0


def test_a_torque_that_explains_the_disturbance_scores_one(
    output: CorrectionOutput,
) -> None:
    rng = np.random.default_rng(0)
    wave = np.cumsum(rng.normal(size=(2000, 2)), axis=0) * 0.1
    for k in range(1995):  # the disturbance at step k is that of k - 1, the torque for k + 2
        output.score(k * DT_NS, wave[k], wave[k + 3])
    assert output.explained == pytest.approx(1.0, abs=1e-3)


def test_what_the_rigid_body_model_adds_is_not_scored(output: CorrectionOutput) -> None:
    assert isinstance(output.controller, Fixed)
    output.controller.part = np.array([50.0, -50.0])
    for k in range(500):
        output.score(k * DT_NS, np.ones(2), np.array([51.0, -49.0]))
    assert output.explained == pytest.approx(1.0, abs=0.05)


def test_noise_of_the_disturbance_hardly_counts(output: CorrectionOutput) -> None:
    noise = 20.0 * np.diff(np.random.default_rng(0).normal(size=(2002, 2)), n=2, axis=0)
    for k in range(2000):
        output.score(k * DT_NS, 2.0 + noise[k], np.full(2, 2.0))
    assert output.explained is not None
    assert output.explained > 0.95


def test_before_anything_acted_there_is_no_score(output: CorrectionOutput) -> None:
    output.score(0, np.ones(2), np.ones(2))
    assert output.explained is None


def test_without_measurements_the_safe_command_goes_on_to_silence(
    output: CorrectionOutput,
) -> None:
    for k in range(5):
        send(output, k, 4.0)
    out = []
    while (torque := output.idle()) is not None:
        out.append(float(torque[0]))
    assert len(out) == 4
    assert out == sorted(out, reverse=True)
    assert out[-1] == 0.0
    assert output.gate.silent


def test_a_reference_that_is_lost_ends_in_the_safe_command(
    output: CorrectionOutput,
) -> None:
    for k in range(5):
        send(output, k, 4.0)
    out = [output.send(state(k), None, armed=True, confidence=1.0) for k in range(5, 12)]
    given = [float(torque[0]) for torque in out if torque is not None]
    assert given[0] > given[-1] == 0.0
    assert out[-1] is None


def test_a_torque_that_is_not_finite_makes_the_controller_start_over(
    output: CorrectionOutput,
) -> None:
    controller = output.controller
    assert isinstance(controller, Fixed)
    given = ControlInput(measured=state(0), reference=None, preview=None, applied=np.zeros(2))
    output.torque(given)
    assert controller.resets == 0
    controller.value = np.array([np.nan, 0.0])
    output.torque(given)
    assert controller.resets == 1
