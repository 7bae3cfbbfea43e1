# SPDX-License-Identifier: Apache-2.0
"""Tests of lost effort in a whole pipeline, and that torque never returns by itself."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given, HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lstm_dynamics_ros.control import ControlInput, Controller
from lstm_dynamics_ros.control.base import ControllerConfig, Prior
from lstm_dynamics_ros.control.disturbance_observer import DisturbanceObserverConfig
from lstm_dynamics_ros.control.feedforward import FeedforwardConfig, FeedforwardDobConfig
from lstm_dynamics_ros.core.state import RawSample, Reference, Vector
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings, SafetySettings, Step
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.confidence import ConfidenceSettings
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.state import ArmRefusedError, State
import numpy as np
import pytest

NAN = float('nan')
DT_NS = 5_000_000
NAMES = ('joint1', 'joint2')
WASHOUT = 5
LOST = {'all NaN': (NAN, NAN), 'empty': (), 'one NaN': (0.5, NAN), 'infinite': (0.5, np.inf)}
"""Efforts that cannot be used. Only the second joint lacks it in the last two."""


class Rest:
    """A reference that stands still, while it is there."""

    def __init__(self) -> None:
        self.there = True

    def at(self, stamp_ns: int) -> Reference | None:
        """See the protocol."""
        return Reference(stamp_ns, np.zeros(2), np.zeros(2), np.zeros(2)) if self.there else None


class Masses:
    """Two masses: the effort is the acceleration."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return acceleration


class Push(Controller):
    """Asks for a torque that the test sets; it needs no effort."""

    needs_reference = False
    needs_effort = False

    def __init__(self) -> None:
        self.value: Vector | None = np.ones(2)

    def torque(self, given: ControlInput) -> Vector | None:  # noqa: ARG002
        return self.value

    def reset(self) -> None:
        """See the base class."""


@pytest.fixture(scope='module')
def models(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, LoadedModel]:
    """Models that are fed effort, one made from effort, or none."""
    folder = tmp_path_factory.mktemp('models')
    made = {
        'effort': make_model(folder / 'forward.onnx', washout=WASHOUT),
        'disturbance': make_model(
            folder / 'motion.onnx',
            kind='motion',
            disturbance_bandwidth=20.0,
            washout=WASHOUT,
            feedback_gain=(1.0, 1.0),
        ),
        'none': make_model(folder / 'inverse.onnx', kind='accelerated', washout=WASHOUT),
    }
    return {name: load_model(path) for name, path in made.items()}


def pipeline(
    loaded: LoadedModel,
    controller: Controller | ControllerConfig | None = None,
    *,
    prior: Prior | None = None,
    **settings: object,
) -> Pipeline:
    gate = Gate(
        GateSettings(blend=1.0, fade_in=0.0, fade_out=0.02, max_effort_fraction=1.0),
        (20.0, 20.0),
        0.005,
    )
    safety = SafetySettings(
        confidence=ConfidenceSettings(rise_time=0.0),
        arming=ArmingSettings(min_shadow_time=0.0, shadow='ignore', position_limits='ignore'),
    )
    made = Pipeline(
        loaded,
        PipelineSettings(horizon_steps=0, **settings),  # type: ignore[arg-type]
        safety=safety,
        gate=gate,
        controller=controller or Push(),
        prior=prior,
    )
    made.reference = Rest()
    return made


def sample(k: float, effort: Sequence[float] = (2.0, 1.0)) -> RawSample:
    wave = 0.1 * np.sin(0.05 * k)
    speed = 0.1 * 0.05 * np.cos(0.05 * k) / 0.005
    return RawSample(round(k * DT_NS), NAMES, [wave, -wave], [speed, -speed], tuple(effort))


def run(made: Pipeline, begin: int, end: int, effort: Sequence[float] = (2.0, 1.0)) -> list[Step]:
    ticks = (made.tick([sample(k, effort)]) for k in range(begin, end))
    return [tick for tick in ticks if tick is not None]


def armed(made: Pipeline) -> Pipeline:
    run(made, 0, 100)
    made.arm()
    ticks = run(made, 100, 120)
    assert ticks[-1].state is State.ARMED
    assert ticks[-1].correction is not None
    return made


def idle(made: Pipeline, steps: int = 40) -> list[float]:
    """Return what goes out while no tick comes."""
    out = [made.idle_command() for _ in range(steps)]
    return [float(np.abs(one).max()) for one in out if one is not None]


def refusals(made: Pipeline) -> str:
    with pytest.raises(ArmRefusedError) as caught:
        made.arm()
    return '\n'.join(caught.value.reasons)


# --- the model is fed effort, or something made from it


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
@pytest.mark.parametrize('lost', LOST)
def test_effort_that_a_model_needs_and_never_had_is_refused_with_the_joints(
    models: dict[str, LoadedModel], kind: str, lost: str
) -> None:
    made = pipeline(models[kind])
    assert run(made, 0, 200, LOST[lost]) == []
    assert made.machine.state is State.WAITING
    text = refusals(made)
    assert f'The model needs effort (for {kind})' in text
    named = 'joint2' if lost in {'one NaN', 'infinite'} else 'joint1, joint2'
    assert f'no finite effort of {named}.' in text
    assert made.waiting_for() in text
    assert made.counters['effort_missing'] == 200


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
@pytest.mark.parametrize('lost', LOST)
def test_effort_that_is_lost_before_arming_is_refused_with_the_joints(
    models: dict[str, LoadedModel], kind: str, lost: str
) -> None:
    made = pipeline(models[kind])
    assert run(made, 0, 100)[-1].state is State.MONITORING
    run(made, 100, 107, LOST[lost])
    assert made.machine.state is State.WAITING
    assert 'finite effort of joint' in refusals(made)


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
@pytest.mark.parametrize('lost', LOST)
def test_effort_that_a_model_loses_while_armed_ends_in_the_safe_command(
    models: dict[str, LoadedModel], kind: str, lost: str
) -> None:
    made = armed(pipeline(models[kind]))
    assert run(made, 120, 127, LOST[lost]) == []  # 5 steps are bridged, not more
    assert made.machine.state is State.DEGRADED
    assert not made.machine.allows_torque
    assert 'joint2' in made.revoked_because
    assert 'effort' in made.revoked_because
    out = idle(made)
    assert out == sorted(out, reverse=True)
    assert out[-1] == 0.0


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
@pytest.mark.parametrize('lost', LOST)
def test_effort_that_comes_back_brings_no_torque_back(
    models: dict[str, LoadedModel], kind: str, lost: str
) -> None:
    made = armed(pipeline(models[kind]))
    run(made, 120, 130, LOST[lost])
    idle(made)
    ticks = run(made, 130, 300)
    assert ticks[-1].valid
    assert [tick.correction for tick in ticks] == [None] * len(ticks)
    assert made.machine.state is State.MONITORING
    assert 'effort' in made.revoked_because
    made.arm()
    assert run(made, 300, 310)[-1].correction is not None
    assert made.revoked_because == ''


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
@pytest.mark.parametrize('lost', LOST)
def test_effort_that_does_not_come_back_is_a_fault(
    models: dict[str, LoadedModel], kind: str, lost: str
) -> None:
    made = armed(pipeline(models[kind]))
    run(made, 120, 120 + 200 + WASHOUT + 5, LOST[lost])
    assert made.machine.state is State.FAULT
    assert 'finite effort of joint' in made.machine.fault
    run(made, 330, 500)
    assert made.machine.state is State.FAULT


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
def test_effort_that_is_missing_for_up_to_five_steps_does_no_harm(
    models: dict[str, LoadedModel], kind: str
) -> None:
    made = armed(pipeline(models[kind]))
    for k in range(120, 400, 10):
        run(made, k, k + 4, (2.0, NAN))
        assert {tick.state for tick in run(made, k + 4, k + 10)} == {State.ARMED}
    assert made.revoked_because == ''


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
def test_messages_of_one_joint_each_do_no_harm(models: dict[str, LoadedModel], kind: str) -> None:
    made = armed(pipeline(models[kind]))
    for k in np.arange(120, 300, 0.2):
        whole = sample(k)
        for j in range(2):
            part = RawSample(
                whole.stamp_ns + 1000 * j, NAMES[j : j + 1], *(one[j : j + 1] for one in whole[2:])
            )
            made.tick([part])
            assert made.machine.state is State.ARMED


@pytest.mark.parametrize('kind', ['effort', 'disturbance', 'none'])
def test_every_second_message_without_effort_does_no_harm(
    models: dict[str, LoadedModel], kind: str
) -> None:
    """Two publishers on one topic, of which one knows no effort."""
    config = None if kind != 'none' else DisturbanceObserverConfig()
    made = armed(pipeline(models[kind], config, prior=Masses()))
    for i, k in enumerate(np.arange(120, 300, 0.2)):
        made.tick([sample(k, () if i % 2 else (2.0, 1.0))])
        assert made.machine.state is State.ARMED


@pytest.mark.parametrize('kind', ['effort', 'disturbance'])
def test_one_bad_message_with_an_impossible_stamp_does_no_harm(
    models: dict[str, LoadedModel], kind: str
) -> None:
    made = armed(pipeline(models[kind]))
    for k in range(120, 200, 4):
        made.tick([sample(10**6, (NAN, NAN))])
        assert {tick.state for tick in run(made, k, k + 4)} == {State.ARMED}


# --- only the controller follows effort


def observing(models: dict[str, LoadedModel]) -> Pipeline:
    return pipeline(models['none'], DisturbanceObserverConfig(), prior=Masses())


@pytest.mark.parametrize('lost', LOST)
def test_without_the_effort_that_a_controller_needs_it_predicts_and_cannot_be_armed(
    models: dict[str, LoadedModel], lost: str
) -> None:
    made = observing(models)
    ticks = run(made, 0, 200, LOST[lost])
    assert ticks[-1].valid
    assert ticks[-1].state is State.MONITORING
    text = refusals(made)
    assert 'The controller needs effort' in text
    named = 'joint2' if lost in {'one NaN', 'infinite'} else 'joint1, joint2'
    assert f'no finite effort of {named}.' in text


@pytest.mark.parametrize('lost', LOST)
def test_a_controller_that_loses_effort_while_armed_is_disarmed_and_the_model_goes_on(
    models: dict[str, LoadedModel], lost: str
) -> None:
    made = armed(observing(models))
    ticks = run(made, 120, 160, LOST[lost])
    assert all(tick.valid for tick in ticks)
    assert ticks[-1].state is State.MONITORING
    assert 'finite effort of joint' in made.revoked_because
    sent = [float(np.abs(t.correction).max()) for t in ticks if t.correction is not None]
    assert np.isfinite(sent).all()
    assert sent[-1] == 0.0
    assert len(sent) <= 2 + 5 + 4 + 2  # left out, bridged, safe command, and its end
    ticks = run(made, 160, 300)
    assert {tick.state for tick in ticks} == {State.MONITORING}
    assert all(tick.correction is None for tick in ticks)
    made.arm()
    assert run(made, 300, 310)[-1].state is State.ARMED


def test_effort_that_a_controller_misses_for_up_to_five_steps_does_no_harm(
    models: dict[str, LoadedModel],
) -> None:
    made = armed(observing(models))
    for k in range(120, 400, 10):
        for tick in (*run(made, k, k + 4, (2.0, NAN)), *run(made, k + 4, k + 10)):
            assert tick.state is State.ARMED
            assert tick.correction is not None
            assert np.isfinite(tick.correction).all()


# --- nobody needs it


def test_without_need_of_effort_everything_goes_on(models: dict[str, LoadedModel]) -> None:
    made = pipeline(models['none'], FeedforwardConfig())
    run(made, 0, 100, ())
    made.arm()
    ticks = run(made, 100, 200, (NAN, 1.0))
    assert {tick.state for tick in ticks} == {State.ARMED}
    assert all(tick.correction is not None for tick in ticks)
    assert made.counters['effort_missing'] == 0


@pytest.mark.parametrize(
    ('kind', 'config', 'prior', 'expected'),
    [
        ('disturbance', FeedforwardConfig(), None, False),
        ('disturbance', FeedforwardDobConfig(), None, True),
        ('none', FeedforwardDobConfig(), None, False),
        ('none', DisturbanceObserverConfig(), Masses(), True),
    ],
)
def test_a_controller_says_whether_it_follows_effort(
    models: dict[str, LoadedModel],
    kind: str,
    config: ControllerConfig,
    prior: Prior | None,
    expected: bool,
) -> None:
    assert pipeline(models[kind], config, prior=prior).controller.needs_effort is expected


# --- nothing comes back by itself


def test_after_a_gap_while_armed_it_is_ready_to_be_armed_and_not_armed(
    models: dict[str, LoadedModel],
) -> None:
    made = armed(pipeline(models['disturbance']))
    ticks = run(made, 160, 200)
    assert [tick.state for tick in ticks[:6]] == [State.DEGRADED] * 4 + [State.MONITORING] * 2
    assert 'gap' in made.revoked_because
    assert ticks[-1].correction is None


def test_a_request_to_start_over_while_armed_disarms(models: dict[str, LoadedModel]) -> None:
    made = armed(pipeline(models['disturbance']))
    made.reset()
    assert made.machine.state is State.DEGRADED
    assert 'start over' in made.revoked_because
    assert run(made, 120, 200)[-1].state is State.MONITORING


def test_a_model_that_never_gets_warm_again_is_a_fault(models: dict[str, LoadedModel]) -> None:
    made = armed(pipeline(models['disturbance']))
    k = 120
    while made.machine.state is not State.FAULT:
        k += 20  # a gap, and three steps: not enough to be warm
        run(made, k, k + 3)
        assert made.machine.state in {State.DEGRADED, State.FAULT}
        assert k < 120 + 20 * 100
    assert 'not warm again within 1.02 s' in made.machine.fault


def test_a_reference_that_is_lost_disarms_and_its_return_brings_no_torque(
    models: dict[str, LoadedModel],
) -> None:
    made = armed(pipeline(models['disturbance'], FeedforwardDobConfig()))
    reference = made.reference
    assert isinstance(reference, Rest)
    reference.there = False
    ticks = run(made, 120, 121)
    assert ticks[-1].state is State.MONITORING
    assert 'reference' in made.revoked_because
    assert ticks[-1].correction is not None  # on its way to zero
    assert run(made, 121, 160)[-1].correction is None
    reference.there = True
    assert all(tick.correction is None for tick in run(made, 160, 300))
    assert made.machine.state is State.MONITORING


def test_a_controller_that_falls_silent_is_disarmed(models: dict[str, LoadedModel]) -> None:
    made = armed(pipeline(models['disturbance']))
    assert isinstance(made.controller, Push)
    made.controller.value = None
    run(made, 120, 121)
    assert made.revoked_because == 'The controller had nothing to say.'
    made.controller.value = np.ones(2)
    assert run(made, 121, 200)[-1].correction is None


def test_a_controller_that_has_not_begun_yet_stays_armed(models: dict[str, LoadedModel]) -> None:
    made = pipeline(models['disturbance'])
    assert isinstance(made.controller, Push)
    made.controller.value = None
    run(made, 0, 100)
    made.arm()
    run(made, 100, 110)
    assert made.machine.state is State.ARMED
    made.controller.value = np.ones(2)
    assert run(made, 110, 111)[-1].correction is not None


def test_one_torque_that_is_not_finite_disarms(models: dict[str, LoadedModel]) -> None:
    made = armed(pipeline(models['disturbance']))
    assert isinstance(made.controller, Push)
    made.controller.value = np.array([NAN, 0.0])
    tick = run(made, 120, 121)[-1]
    assert tick.state is State.MONITORING
    assert made.revoked_because == 'The controller computed torque that is not finite.'
    made.controller.value = np.ones(2)
    assert run(made, 121, 200)[-1].correction is None


def test_trust_that_returns_lets_torque_through_again_by_design(
    models: dict[str, LoadedModel],
) -> None:
    made = armed(pipeline(models['disturbance']))
    confidence = made.trust_monitor.confidence
    for value in (0.0, 1.0):
        confidence.value = value
        confidence.update = lambda *_, **__: None  # type: ignore[assignment, method-assign]
        confidence.hold = lambda *_, **__: None  # type: ignore[assignment, method-assign]
        tick = run(made, 120 + round(20 * value), 140 + round(20 * value))[-1]
        assert tick.state is State.ARMED
        assert tick.correction is not None
        np.testing.assert_allclose(tick.correction, value)


# --- whatever comes

EFFORT = st.sampled_from([(2.0, 1.0)] * 4 + [(2.0, NAN), (NAN, NAN), (), (1e300, 0.0)])
STEP = st.sampled_from([1, 1, 1, 1, 1, 1, 2, 4, 9, 30, -30])


@given(
    moves=st.lists(st.tuples(st.integers(1, 25), EFFORT, STEP), min_size=1, max_size=25),
    kind=st.sampled_from(['effort', 'disturbance', 'none']),
)
@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_becomes_of_effort_torque_returns_only_by_arming(
    models: dict[str, LoadedModel],
    moves: list[tuple[int, tuple[float, ...], int]],
    kind: str,
) -> None:
    config = None if kind != 'none' else DisturbanceObserverConfig()
    made = armed(pipeline(models[kind], config, prior=Masses()))
    k, away, degraded = 120, False, 0
    for count, effort, step in moves:
        for _ in range(count):
            tick = made.tick([sample(k, effort)])
            k += step if _ == 0 else 1
            if away:
                assert not made.machine.allows_torque
            away = away or not made.machine.allows_torque
            if away:
                assert made.revoked_because or made.machine.fault
            degraded = degraded + 1 if made.machine.state is State.DEGRADED else 0
            assert degraded <= 2 * (WASHOUT + 200)
            for buffer in made.model_tracker.predictor._step.buffers:
                assert np.isfinite(buffer).all()
            if tick is not None and tick.correction is not None:
                assert np.isfinite(tick.correction).all()
            assert (
                not made.controller.needs_effort
                or tick is None
                or tick.torque is None
                or (np.isfinite(tick.torque).all())
            )


def test_every_kind_of_feature_that_needs_effort_is_refused_without_it(
    models: dict[str, LoadedModel],
) -> None:
    card = models['effort'].card
    for kind in ('effort', 'disturbance'):
        features = tuple(
            replace(one, kind=kind, name=f'{kind}.{one.joint}') for one in card.features[-2:]
        )
        assert replace(card, features=features).made_from('effort') == (kind,)
