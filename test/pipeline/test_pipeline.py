# SPDX-License-Identifier: Apache-2.0
"""Tests for pipeline.py: one whole tick, fed with good and bad messages."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lstm_dynamics_ros.control import ControlInput, Controller
from lstm_dynamics_ros.control.feedforward import FeedforwardDobConfig
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.state import JointState, RawSample, Reference, Vector
from lstm_dynamics_ros.pipeline.pipeline import (
    Pipeline,
    PipelineSettings,
    SafetySettings,
    Step,
    Surroundings,
)
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.confidence import ConfidenceSettings
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.state import ArmRefusedError, Event, State, StateMachine
import numpy as np
from pipeline_feed import moving, run
import pytest

MS = 1_000_000
NAMES = ('joint2', 'joint1')
Load = Callable[..., LoadedModel]


@pytest.fixture(scope='module')
def loaded(load: Load) -> LoadedModel:
    return load()


def sample(stamp_ms: float) -> RawSample:
    """Return a smooth motion of two joints, in an order that is not the model's."""
    return moving(stamp_ms, NAMES)


def last(pipeline: Pipeline, samples: Iterable[RawSample]) -> Step:
    return run(pipeline, samples)[-1]


def same(a: JointState | None, b: JointState | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.stamp_ns == b.stamp_ns and all(
        np.array_equal(x, y, equal_nan=True) for x, y in zip(a[1:], b[1:], strict=True)
    )


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_predictions_are_those_of_the_textbook_equations(
    load: Load, textbook: Callable[..., Any], cell: str
) -> None:
    ticks = run(Pipeline(load(cell=cell)), (sample(5 * k) for k in range(50)))
    numbers = textbook(cell=cell)
    state = numbers.zero(1)
    for k, tick in enumerate(ticks):
        _, _, q, qd, tau = sample(5 * k)
        obs = np.array([[q[1], q[0], qd[1], qd[0], tau[1], tau[0]]])
        expected, state = numbers.step(obs, state)
        assert tick.predicted is not None
        got = np.concatenate(tick.predicted[1:])
        np.testing.assert_allclose(got, expected[0], rtol=1e-5, atol=1e-6)


def test_a_prediction_is_stamped_with_the_time_it_is_for(loaded: LoadedModel) -> None:
    tick = last(Pipeline(loaded), (sample(k) for k in range(101)))
    assert tick.stamp_ns == 100 * MS
    assert tick.predicted is not None
    assert tick.predicted.stamp_ns == 105 * MS
    assert tick.trajectory is not None
    assert tick.trajectory.stamp_ns[:3].tolist() == [105 * MS, 110 * MS, 115 * MS]


def test_the_error_is_measured_minus_what_was_predicted_for_that_time(
    loaded: LoadedModel,
) -> None:
    ticks = run(Pipeline(loaded), (sample(k) for k in range(100)))
    assert ticks[0].error is None
    for before, tick in pairwise(ticks):
        assert before.predicted is not None
        assert tick.error is not None
        assert before.predicted.stamp_ns == tick.error.stamp_ns == tick.stamp_ns
        for kind in ('position', 'velocity', 'effort'):
            expected = getattr(tick.measured, kind) - getattr(before.predicted, kind)
            np.testing.assert_array_equal(getattr(tick.error, kind), expected)


def test_the_error_of_a_continuous_joint_goes_the_short_way_round(load: Load) -> None:
    loaded = load(joint_types=('continuous', 'continuous'))
    pipeline = Pipeline(loaded, PipelineSettings(jump_factor=0.0))
    for k in range(20):
        turned = (np.array([3.1, 3.1]) + 0.01 * k + np.pi) % (2 * np.pi) - np.pi
        one = RawSample(5 * k * MS, NAMES, turned.tolist(), [2.0, 2.0], [0.0, 0.0])
        tick = pipeline.tick([one])
        if tick is not None and tick.error is not None:
            assert np.abs(tick.error.position).max() < 0.1


def test_predictions_become_valid_after_the_washout(loaded: LoadedModel) -> None:
    ticks = run(Pipeline(loaded), (sample(5 * k) for k in range(8)))
    assert [tick.warm for tick in ticks] == [False] * 4 + [True] * 4
    assert [tick.valid for tick in ticks] == [False] * 4 + [True] * 4
    assert ticks[1].note == 'Warming up: 2 of 5 steps.'
    assert [tick.state for tick in ticks] == [State.WARMING] * 4 + [State.MONITORING] * 4


def test_the_horizon_has_the_length_asked_for_and_begins_with_the_prediction(
    loaded: LoadedModel,
) -> None:
    pipeline = Pipeline(loaded, PipelineSettings(horizon_steps=7))
    tick = last(pipeline, (sample(k) for k in range(50)))
    assert tick.trajectory is not None
    assert tick.predicted is not None
    assert tick.trajectory.position.shape == (7, 2)
    np.testing.assert_array_equal(tick.trajectory.position[0], tick.predicted.position)
    np.testing.assert_array_equal(tick.trajectory.effort[0], tick.predicted.effort)


def test_the_horizon_can_hold_the_effort(loaded: LoadedModel) -> None:
    own = Pipeline(loaded, PipelineSettings(horizon_steps=5))
    held = Pipeline(loaded, PipelineSettings(horizon_steps=5, horizon_effort='hold'))
    ticks = [last(pipeline, (sample(k) for k in range(50))) for pipeline in (own, held)]
    first, second = (tick.trajectory for tick in ticks)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.velocity[0], second.velocity[0])
    assert not np.array_equal(first.velocity[2], second.velocity[2])
    assert same(ticks[0].predicted, ticks[1].predicted)


def test_a_model_that_predicts_no_effort_holds_it(load: Load) -> None:
    tick = last(Pipeline(load(with_effort_target=False)), (sample(k) for k in range(50)))
    assert tick.trajectory is not None
    assert np.isfinite(tick.trajectory.position).all()
    assert np.isnan(tick.trajectory.effort).all()


def test_a_horizon_of_zero_steps_is_none(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded, PipelineSettings(horizon_steps=0))
    assert last(pipeline, (sample(k) for k in range(50))).trajectory is None


def test_an_inverse_model_predicts_effort_for_the_same_stamp(load: Load) -> None:
    tick = last(Pipeline(load(kind='inverse')), (sample(k) for k in range(101)))
    assert tick.predicted is not None
    assert tick.error is not None
    assert tick.predicted.stamp_ns == tick.stamp_ns
    assert tick.trajectory is None
    np.testing.assert_array_equal(tick.error.effort, tick.measured.effort - tick.predicted.effort)
    assert np.isnan(tick.error.position).all()


def test_an_inverse_model_needs_no_effort(load: Load) -> None:
    pipeline = Pipeline(load(kind='inverse'))
    tick = last(pipeline, (sample(k)._replace(effort=()) for k in range(101)))
    assert tick.valid
    assert tick.error is not None
    assert np.isnan(tick.error.effort).all()


def test_a_residual_has_no_error_without_its_prior(load: Load) -> None:
    tick = last(Pipeline(load(kind='residual_inverse')), (sample(k) for k in range(101)))
    assert tick.predicted is not None
    assert tick.error is None


def test_ticks_come_at_multiples_of_the_control_period(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded, PipelineSettings(control_rate=40.0))
    ticks = run(pipeline, (sample(k) for k in range(3, 200)))
    assert [tick.stamp_ns // MS for tick in ticks] == list(range(25, 200, 25))
    assert pipeline.control_period == pytest.approx(0.025)


def test_a_slower_control_rate_changes_no_prediction(loaded: LoadedModel) -> None:
    fast = {t.stamp_ns: t for t in run(Pipeline(loaded), (sample(k) for k in range(200)))}
    slow = run(
        Pipeline(loaded, PipelineSettings(control_rate=40.0)), (sample(k) for k in range(200))
    )
    assert all(same(tick.predicted, fast[tick.stamp_ns].predicted) for tick in slow)
    assert all(same(tick.error, fast[tick.stamp_ns].error) for tick in slow)


def test_a_burst_gives_one_tick_the_newest(loaded: LoadedModel) -> None:
    one_by_one = run(Pipeline(loaded), (sample(k) for k in range(100)))
    tick = Pipeline(loaded).tick([sample(k) for k in range(100)])
    assert tick is not None
    assert tick.stamp_ns == one_by_one[-1].stamp_ns
    assert same(tick.predicted, one_by_one[-1].predicted)
    assert same(tick.error, one_by_one[-1].error)


@pytest.mark.parametrize('seed', range(5))
def test_how_samples_are_bundled_changes_no_prediction(loaded: LoadedModel, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stamps = np.cumsum(rng.choice([0.0, 0.4, 1.0, 1.0, 3.0, 9.0, 40.0, -2.0], 600))
    samples = [sample(float(stamp)) for stamp in stamps]
    settings = PipelineSettings(control_rate=100.0, horizon_steps=6)
    expected = {t.stamp_ns: t for t in run(Pipeline(loaded, settings), samples)}
    pipeline, at, compared = Pipeline(loaded, settings), 0, 0
    while at < len(samples):
        size = int(rng.integers(1, 30))
        tick = pipeline.tick(samples[at : at + size])
        at += size
        if tick is not None:
            other = expected[tick.stamp_ns]
            assert same(tick.predicted, other.predicted)
            assert same(tick.error, other.error)
            assert (tick.note, tick.state) == (other.note, other.state)
            assert tick.trajectory is not None
            assert other.trajectory is not None
            np.testing.assert_array_equal(tick.trajectory.position, other.trajectory.position)
            compared += 1
    assert compared > 20


def test_messages_that_come_too_slowly_make_predictions_invalid(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded)
    ticks = run(pipeline, (sample(10 * k) for k in range(100)))
    assert not ticks[-1].valid
    assert ticks[-1].note == 'Joint states come every 10 ms, but the model needs them every 5 ms.'
    assert pipeline.waiting_for() == ticks[-1].note


def test_a_gap_makes_it_warm_up_again(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded)
    before = run(pipeline, (sample(k) for k in range(100)))
    after = run(pipeline, (sample(k) for k in range(500, 600)))
    assert before[-1].state is State.MONITORING
    assert after[0].state is State.WARMING
    assert after[0].error is None
    assert after[-1].state is State.MONITORING
    assert pipeline.counters['gap'] == 1


def test_after_a_gap_it_predicts_as_if_it_had_just_started(loaded: LoadedModel) -> None:
    used, fresh = Pipeline(loaded), Pipeline(loaded)
    run(used, (sample(k) for k in range(100)))
    later = [sample(k) for k in range(500, 600)]
    for one, other in zip(run(used, later), run(fresh, later), strict=True):
        assert same(one.predicted, other.predicted)


def test_reset_starts_over(loaded: LoadedModel) -> None:
    used, fresh = Pipeline(loaded), Pipeline(loaded)
    run(used, (sample(k) for k in range(101)))
    used.reset()
    assert used.machine.state is State.WARMING
    later = [sample(k) for k in range(101, 160)]
    for one, other in zip(run(used, later), run(fresh, later), strict=True):
        assert same(one.predicted, other.predicted)


def test_features_outside_the_training_range_are_named(loaded: LoadedModel) -> None:
    fast = sample(0)._replace(velocity=[9.0, 0.0])
    tick = Pipeline(loaded).tick([fast])
    assert tick is not None
    assert tick.outside_range == ('velocity.joint2',)


def test_an_inactive_node_takes_nothing_in(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded, machine=StateMachine(State.INACTIVE))
    assert run(pipeline, (sample(k) for k in range(50))) == []
    assert pipeline.counters['samples'] == 0


def test_it_says_what_it_waits_for(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded)
    assert pipeline.waiting_for() == 'No joint state has come yet.'
    pipeline.tick([sample(0)])
    assert pipeline.waiting_for() == 'Warming up: 1 of 5 steps.'
    run(pipeline, (sample(k) for k in range(1, 50)))
    assert pipeline.waiting_for() == ''


def test_renamed_joints_are_found(loaded: LoadedModel) -> None:
    settings = PipelineSettings(joint_prefix='arm_', joint_map=('joint2:elbow',))
    one = sample(0)._replace(names=('elbow', 'arm_joint1'))
    tick = Pipeline(loaded, settings).tick([one])
    assert tick is not None
    np.testing.assert_array_equal(tick.measured.position, [one.position[1], one.position[0]])


def test_settings_that_do_not_fit_the_model_are_refused(loaded: LoadedModel) -> None:
    with pytest.raises(ConfigError, match='100 or 200 Hz'):
        Pipeline(loaded, PipelineSettings(control_rate=150.0))
    with pytest.raises(UnknownNameError, match='joint_map'):
        Pipeline(loaded, PipelineSettings(joint_map=('wheel:x',)))


def test_settings_that_may_change_while_running_do(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded)
    pipeline.reconfigure(PipelineSettings(horizon_steps=3))
    tick = last(pipeline, (sample(k) for k in range(50)))
    assert tick.trajectory is not None
    assert len(tick.trajectory.position) == 3


def test_settings_that_may_not_change_are_refused_as_a_whole(loaded: LoadedModel) -> None:
    pipeline = Pipeline(loaded)
    with pytest.raises(ConfigError, match='max_gap_steps cannot change while running'):
        pipeline.reconfigure(PipelineSettings(horizon_steps=3, max_gap_steps=9))
    assert pipeline.settings == PipelineSettings()


# --- torque: a controller made for the test, since none that computes torque exists yet


class Push(Controller):
    """Asks for a constant torque on both joints."""

    needs_reference = False

    def __init__(self, torque: list[float]) -> None:
        self.value = np.array(torque)
        self.seen: list[ControlInput] = []
        self.resets = 0

    def torque(self, given: ControlInput) -> Vector | None:
        self.seen.append(given)
        return self.value

    def reset(self) -> None:
        self.resets += 1


def pushing(loaded: LoadedModel, torque: float = 4.0) -> Pipeline:
    gate = Gate(
        GateSettings(
            blend=0.5, max_effort_fraction=0.05, max_effort_rate=100.0, fade_in=0.0, fade_out=0.02
        ),
        (20.0, 20.0),
        0.005,
    )
    safety = SafetySettings(
        confidence=ConfidenceSettings(rise_time=0.0),
        arming=ArmingSettings(min_shadow_time=0.0, shadow='ignore', position_limits='ignore'),
    )
    return Pipeline(loaded, controller=Push([torque, -0.4]), gate=gate, safety=safety)


def test_without_a_controller_that_computes_torque_it_cannot_be_armed(
    loaded: LoadedModel,
) -> None:
    pipeline = Pipeline(loaded)
    ticks = run(pipeline, (sample(k) for k in range(200)))
    with pytest.raises(ArmRefusedError, match='computes no torque'):
        pipeline.arm()
    assert all(tick.correction is None for tick in ticks)


def test_unless_armed_nothing_comes_out(loaded: LoadedModel) -> None:
    pipeline = pushing(loaded)
    ticks = run(pipeline, (sample(k) for k in range(200)))
    assert all(tick.correction is None for tick in ticks)


def test_armed_the_torque_passes_the_gate(loaded: LoadedModel) -> None:
    pipeline = pushing(loaded)
    run(pipeline, (sample(k) for k in range(200)))
    pipeline.arm()
    ticks = run(pipeline, (sample(k) for k in range(200, 225)))
    # 4 N m * 0.5, clamped to 5 % of 20 N m, 0.5 N m per step; -0.4 N m * 0.5 at once.
    outs = np.array([tick.correction for tick in ticks])
    np.testing.assert_allclose(outs[:, 0], [0.5, 1.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(outs[:, 1], -0.2)
    pipeline.disarm()
    assert pipeline.machine.state is State.MONITORING
    after = [tick.correction for tick in run(pipeline, (sample(k) for k in range(230, 265, 5)))]
    given = [out[0] for out in after if out is not None]
    assert given == sorted(given, reverse=True)  # to zero, and then silence
    assert given[-1] == 0.0
    assert after[-1] is None


def test_the_controller_is_given_what_is_known_once_the_model_is_warm(
    loaded: LoadedModel,
) -> None:
    pipeline = pushing(loaded)
    ticks = run(pipeline, (sample(5 * k) for k in range(10)))
    assert isinstance(pipeline.controller, Push)
    assert len(pipeline.controller.seen) == 6
    given = pipeline.controller.seen[-1]
    assert same(given.measured, ticks[-1].measured)
    assert same(given.predicted, ticks[-1].predicted)
    assert given.horizon is not None
    assert given.horizon.shape == (50, 6)


def test_all_reasons_against_arming_are_told_at_once(load: Load) -> None:
    loaded = load(effort_limits=(20.0, None))
    pipeline = Pipeline(loaded)
    pipeline.tick([sample(0)._replace(velocity=[9.0, 0.0])])
    with pytest.raises(ArmRefusedError) as caught:
        pipeline.arm(Surroundings(refusals=['Nobody listens to the command.'], tick_time=None))
    text = '\n'.join(caught.value.reasons)
    for part in (
        'It is warming, not monitoring.',
        'Nobody listens to the command.',
        "The controller 'none' computes no torque.",
        'These joints have no effort limit: joint2.',
        'no position limits: joint1, joint2',
        'no speed limit: joint1, joint2',
        'The rate of the joint states is not known yet.',
        'Outside the training range: velocity.joint2.',
        'How long a tick takes is not known yet',
    ):
        assert part in text
    assert len(caught.value.reasons) == 9


def test_a_gap_while_armed_takes_torque_away_until_a_person_arms_again(
    loaded: LoadedModel,
) -> None:
    pipeline = pushing(loaded)
    run(pipeline, (sample(k) for k in range(200)))
    pipeline.arm()
    run(pipeline, (sample(k) for k in range(200, 230)))
    after = run(pipeline, (sample(k) for k in range(400, 430)))
    assert [tick.state for tick in after] == [State.DEGRADED] * 4 + [State.MONITORING] * 2
    assert after[3].correction is not None  # the safe command has run out by then
    np.testing.assert_allclose(after[3].correction, 0.0)
    assert [tick.correction for tick in after[4:]] == [None, None]
    assert isinstance(pipeline.controller, Push)
    assert pipeline.controller.resets == 2
    pipeline.arm()
    again = last(pipeline, [sample(430)])
    assert again.correction is not None
    np.testing.assert_allclose(again.correction, [0.5, -0.2])  # from zero again


def test_lost_data_while_armed_latch_until_a_person_clears(loaded: LoadedModel) -> None:
    pipeline = pushing(loaded)
    run(pipeline, (sample(k) for k in range(200)))
    pipeline.arm()
    pipeline.machine.on(Event.DATA_LOST)
    ticks = run(pipeline, (sample(k) for k in range(200, 300)))
    assert {tick.state for tick in ticks} == {State.FAULT}
    assert all(tick.correction is None for tick in ticks)
    assert ticks[-1].valid  # it still predicts
    pipeline.machine.on(Event.CLEAR)
    assert last(pipeline, (sample(k) for k in range(300, 310))).state is State.MONITORING


def test_torque_that_is_not_finite_never_comes_out_and_is_a_fault_if_repeated(
    loaded: LoadedModel,
) -> None:
    pipeline = pushing(loaded)
    controller = pipeline.controller
    assert isinstance(controller, Push)
    run(pipeline, (sample(k) for k in range(200)))
    pipeline.arm()
    run(pipeline, (sample(k) for k in range(200, 230)))
    controller.value = np.array([float('nan'), 0.0])
    once = last(pipeline, [sample(230)])
    assert once.state is State.MONITORING
    controller.value = np.array([4.0, -0.4])
    assert last(pipeline, [sample(235)]).state is State.MONITORING
    pipeline.arm()
    controller.value = np.array([float('inf'), 0.0])
    ticks = run(pipeline, (sample(k) for k in range(240, 300, 5)))
    assert [tick.state for tick in ticks[:2]] == [State.MONITORING, State.FAULT]
    assert controller.resets >= 2
    for tick in (once, *ticks):
        assert tick.correction is None or np.isfinite(tick.correction).all()
    assert ticks[-1].correction is None
    assert 'not finite' in pipeline.machine.fault


def test_a_model_that_cannot_be_run_is_a_fault_and_not_an_exception(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pushing(loaded)
    run(pipeline, (sample(k) for k in range(200)))
    pipeline.arm()

    def explode() -> None:
        raise RuntimeError('out of memory')

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.model_tracker.predictor._step, 'step', explode)
        tick = last(pipeline, [sample(200)])
    assert tick.predicted is None
    assert tick.correction is None
    assert not tick.valid
    assert tick.state is State.FAULT
    assert pipeline.machine.fault == 'The model could not be run: out of memory'
    assert pipeline.counters['inference_error'] == 1
    assert last(pipeline, (sample(k) for k in range(201, 250))).valid


def test_a_hidden_state_that_goes_wrong_twice_in_a_row_is_a_fault(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(loaded)
    run(pipeline, (sample(k) for k in range(200)))
    monkeypatch.setattr('lstm_dynamics_ros.runtime.predictor.LARGEST_STATE', 1e-6)
    assert last(pipeline, [sample(200)]).state is State.WARMING
    tick = last(pipeline, [sample(205)])
    assert tick.state is State.FAULT
    assert tick.predicted is None


# --- whatever comes

VALUE = st.floats(-4.0, 4.0) | st.sampled_from([float('nan'), float('inf'), 1e300, -1e308])
VALUES = (
    st.just([0.1, 0.2]) | st.lists(VALUE, min_size=2, max_size=2) | st.lists(VALUE, max_size=3)
)
ANY_SAMPLE = st.builds(
    RawSample,
    st.integers(-20 * MS, 40 * MS),
    st.sampled_from(
        [NAMES, NAMES, NAMES, NAMES[:1], NAMES[1:], (*NAMES, 'x'), ('joint1',) * 2, (), ('x',)]
    ),
    VALUES,
    VALUES,
    VALUES,
)


@given(samples=st.lists(ANY_SAMPLE, max_size=80), bundle=st.integers(1, 7))
@hypothesis_settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_comes_nothing_that_is_not_finite_gets_into_the_model(
    loaded: LoadedModel, samples: list[RawSample], bundle: int
) -> None:
    pipeline = Pipeline(loaded, PipelineSettings(horizon_steps=3))
    stamp, stream = 0, []
    for one in samples:  # stamps go mostly forward, with duplicates, late ones and gaps
        stamp = max(0, stamp + one.stamp_ns)
        stream.append(one._replace(stamp_ns=stamp))
    for at in range(0, len(stream), bundle):
        tick = pipeline.tick(stream[at : at + bundle])
        for part in pipeline.model_tracker.predictor._step.buffers:
            assert np.isfinite(part).all()
        if tick is None:
            continue
        assert np.isfinite(tick.measured.position).all()
        assert tick.predicted is not None
        assert np.isfinite(np.concatenate(tick.predicted[1:])).all()
        assert tick.trajectory is not None
        assert np.isfinite(tick.trajectory.position).all()
    pipeline.waiting_for()
    assert pipeline.counters['input_not_finite'] == 0


def test_the_rigid_body_effort_of_the_reference_is_computed_once(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    class Masses:
        """A rigid body that notes the accelerations it is asked about."""

        def __init__(self) -> None:
            self.asked: list[float] = []

        def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
            """See the protocol."""
            self.asked.append(float(acceleration[0]))
            return 2.0 * acceleration

    class Moving:
        """A reference that accelerates by 7 rad/s^2."""

        def at(self, stamp_ns: int) -> Reference:
            """See the protocol."""
            return Reference(stamp_ns, np.zeros(2), np.zeros(2), np.full(2, 7.0))

    path = make_model(tmp_path / 'm.onnx', kind='motion', disturbance_bandwidth=20.0)
    prior = Masses()
    controller = FeedforwardDobConfig(base_compensates='nothing')
    pipeline = Pipeline(load_model(path), controller=controller, prior=prior)
    pipeline.reference = Moving()
    run(pipeline, (sample(5 * k) for k in range(50)))
    prior.asked.clear()
    step = last(pipeline, [sample(250)])
    assert prior.asked.count(7.0) == 1
    assert step.rigid_body_effort is not None
    np.testing.assert_array_equal(step.rigid_body_effort, 14.0)
    assert step.predicted is not None
    assert step.prediction is not None
    np.testing.assert_array_equal(step.predicted.effort, step.prediction + 14.0)
    assert step.torque is not None
