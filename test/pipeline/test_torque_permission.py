# SPDX-License-Identifier: Apache-2.0
"""Tests for torque_permission.py: what a whole pipeline says when somebody wants to arm."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from lstm_dynamics_ros.control import ControlInput, Controller
from lstm_dynamics_ros.control.feedforward import FeedforwardDobConfig
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import RawSample, Reference, Vector
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings, Surroundings
from lstm_dynamics_ros.pipeline.torque_permission import feedback_gain, prediction_only
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import ArmRefusedError, State
import numpy as np
import pytest

DT_NS = 5_000_000
LIMITS = JointLimits((-2.0, -2.0), (2.0, 2.0), (4.0, 4.0), (20.0, 20.0))


class Rest:
    """A reference that stands still, while it is there."""

    def __init__(self) -> None:
        self.until = 10**18

    def at(self, stamp_ns: int) -> Reference | None:
        """See the protocol."""
        if stamp_ns > self.until:
            return None
        return Reference(stamp_ns, np.zeros(2), np.zeros(2), np.zeros(2))


class Whole(Controller):
    """A controller whose torque is the whole command."""

    full_command: ClassVar[bool] = True

    def torque(self, given: ControlInput) -> Vector | None:  # noqa: ARG002
        return np.ones(2)

    def reset(self) -> None:
        """See the base class."""


@pytest.fixture(scope='module')
def loaded(load: Callable[..., LoadedModel]) -> LoadedModel:
    return load(
        kind='motion',
        disturbance_bandwidth=20.0,
        feedback_gain=(2.0, 4.0),
        effort_limits=(20.0, 20.0),
        training_ranges={},
    )


def pipeline(
    loaded: LoadedModel, settings: GateSettings | None = None, controller: Controller | None = None
) -> Pipeline:

    gate = Gate(
        settings or GateSettings(),
        (20.0, 20.0),
        0.005,
        joint_names=('joint1', 'joint2'),
        limits=LIMITS,
    )
    made = Pipeline(
        loaded,
        PipelineSettings(horizon_steps=0),
        controller=controller or FeedforwardDobConfig(),
        gate=gate,
    )
    made.reference = Rest()
    return made


def run(made: Pipeline, begin: int, end: int, *, still: bool = False) -> None:
    for k in range(begin, end):
        wave = 0.0 if still else 0.1 * np.sin(0.05 * k)
        effort = [2.0, 1.0 + wave]
        made.tick([RawSample(k * DT_NS, ('joint1', 'joint2'), [wave, 0.0], [0.0, 0.0], effort)])


def reasons(made: Pipeline, around: Surroundings | None = None) -> str:
    with pytest.raises(ArmRefusedError) as caught:
        made.arm(around)
    return '\n'.join(caught.value.reasons)


def test_when_all_is_well_it_arms_after_the_score_was_watched(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    run(made, 0, 300)
    text = reasons(made)
    assert 'was watched for' in text
    assert '\n' not in text
    run(made, 300, 600)
    assert made.arm() == ()
    assert made.machine.state is State.ARMED


def test_a_score_worse_than_none_is_refused_and_named(loaded: LoadedModel) -> None:
    class Wrong(Controller):
        """Pushes the wrong way."""

        def torque(self, given: ControlInput) -> Vector | None:  # noqa: ARG002
            return np.array([-2.0, 1.0])

        def reset(self) -> None:
            """See the base class."""

    made = pipeline(loaded, controller=Wrong())
    run(made, 0, 800)
    text = reasons(made)
    assert 'worse than none' in text
    assert 'joint1 (' in text
    assert 'joint2 (' not in text


def test_a_reference_that_was_lost_is_missed(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    rest = Rest()
    made.reference = rest
    run(made, 0, 600)
    rest.until = 600 * DT_NS
    run(made, 601, 660)
    assert 'The reference is 0.3 s old' in reasons(made)
    made.reference = None
    made.reset()
    run(made, 660, 700)
    assert 'The reference is 0.5 s old' in reasons(made)


def test_a_reference_that_does_not_reach_ahead_is_refused(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    rest = Rest()
    made.reference = rest
    run(made, 0, 600)
    rest.until = 600 * DT_NS
    run(made, 600, 601)
    assert 'does not reach to when the correction acts' in reasons(made)


def test_degrees_are_recognised(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    for k in range(600):
        made.tick(
            [RawSample(k * DT_NS, ('joint1', 'joint2'), [45.0, 0.0], [0.0, 0.0], [2.0, 1.0])]
        )
    assert 'look like degrees' in reasons(made)


def test_a_slow_tick_is_refused(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    run(made, 0, 600)
    assert 'A tick takes 3 ms' in reasons(made, Surroundings(tick_time=0.003))
    assert 'not known yet' in reasons(made, Surroundings(tick_time=None))


def test_what_the_caller_found_is_told_too(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    run(made, 0, 600)
    assert reasons(made, Surroundings(refusals=['Nobody listens.'])) == 'Nobody listens.'


def test_two_publishers_of_joint_states_are_a_warning(loaded: LoadedModel) -> None:
    made = pipeline(loaded)
    run(made, 0, 600)
    (warning,) = made.arm(Surroundings(state_publishers=2))
    assert '2 publishers send joint states' in warning


def test_a_share_of_the_whole_command_is_refused(loaded: LoadedModel) -> None:
    made = pipeline(loaded, controller=Whole())
    run(made, 0, 600)
    assert 'with a share of it the robot would fall' in reasons(made)
    whole = GateSettings(blend=1.0, fade_in=0.0)
    made = pipeline(loaded, whole, controller=Whole())
    run(made, 0, 600)
    made.arm()
    assert made.machine.state is State.ARMED


def test_a_reason_to_stop_disarms_and_is_remembered(loaded: LoadedModel) -> None:
    settings = GateSettings(
        blend=1.0, max_effort_fraction=0.01, saturation_time=0.1, fade_in=0.0, fade_out=0.02
    )
    made = pipeline(loaded, settings)
    run(made, 0, 600)
    made.arm()
    run(made, 600, 700)
    assert made.machine.state is State.MONITORING
    assert 'wanted more than gate.max_effort_fraction' in made.revoked_because
    assert made.counters['revoked'] == 1
    run(made, 700, 1000)
    made.arm()
    assert made.revoked_because == ''


def test_a_dead_sensor_takes_torque_back(loaded: LoadedModel) -> None:
    class Moving(Rest):
        """A reference that moves on."""

        def at(self, stamp_ns: int) -> Reference | None:
            """See the protocol."""
            return Reference(stamp_ns, np.zeros(2), np.zeros(2), np.zeros(2))

    made = pipeline(loaded)
    run(made, 0, 600)
    made.arm()
    made.trust_monitor.dead = ('joint2',)
    made.trust_monitor.update = lambda *_, **__: None  # type: ignore[method-assign]
    run(made, 600, 601)
    assert made.revoked_because == 'These measurements stand still: joint2.'


@pytest.mark.parametrize(
    ('changes', 'expected'),
    [
        ({}, 0.2),
        ({'feedback_gain': ()}, float('inf')),
        ({'effort_limits': (None, 20.0)}, 2.0),
        ({'model_kind': 'forward'}, None),
    ],
)
def test_the_gain_is_that_of_the_worst_joint_in_effort_limits(
    loaded: LoadedModel, changes: dict[str, object], expected: float | None
) -> None:
    card: ModelCard = replace(loaded.card, **changes)  # type: ignore[arg-type]
    assert feedback_gain(card) == expected


def test_a_gain_or_washout_out_of_bounds_leaves_prediction(loaded: LoadedModel) -> None:
    card = replace(
        loaded.card, feedback_gain=(1.0, 30.0), effort_limits=(20.0, None), washout_steps=200
    )
    gain, washout = prediction_only(card, ArmingSettings(max_washout=0.5))
    assert 'gain of 30' in gain
    assert 'needs 1 s to forget' in washout
    assert prediction_only(card, ArmingSettings(max_feedback_gain=50.0)) == []
