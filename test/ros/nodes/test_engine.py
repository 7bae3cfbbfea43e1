# SPDX-License-Identifier: Apache-2.0
"""Tests for engine.py."""

from pathlib import Path
import time

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
import pytest

DT = 5_000_000


def samples(count: int, start: int = 0) -> list[RawSample]:
    names = ('joint1', 'joint2')
    return [
        RawSample(k * DT, names, [0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
        for k in range(start, start + count)
    ]


@pytest.fixture
def engine(model: Path) -> Engine:
    return Engine(NodeSettings(model=str(model)), StateMachine(State.WAITING))


def test_a_short_bunch_is_published_completely_and_a_long_one_once(engine: Engine) -> None:
    assert [len(batch) for batch in engine.batches(samples(5))] == [1] * 5  # 20 ms
    assert [len(batch) for batch in engine.batches(samples(6))] == [6]  # 25 ms


def test_publishing_once_per_bunch_can_be_asked_for(model: Path) -> None:
    engine = Engine(NodeSettings(model=str(model), catch_up=0.0), StateMachine(State.WAITING))
    assert [len(batch) for batch in engine.batches(samples(2))] == [2]
    assert [len(batch) for batch in engine.batches(samples(1))] == [1]


@pytest.mark.parametrize(
    'changed', [{'model': 'nowhere.onnx'}, {'control_rate': 150.0}, {'joint_map': ('x:y',)}]
)
def test_a_refused_model_or_setting_changes_nothing(
    engine: Engine, model: Path, changed: dict[str, object]
) -> None:
    before = (engine.settings, engine.loaded, engine.pipeline, engine.monitor)
    with pytest.raises(LstmDynamicsError):
        engine.load(NodeSettings(**{'model': str(model), **changed}))  # type: ignore[arg-type]
    assert (engine.settings, engine.loaded, engine.pipeline, engine.monitor) == before


def test_the_horizon_is_made_only_while_wanted(engine: Engine) -> None:
    engine.set_horizon(wanted=False)
    for one in samples(10):
        tick = engine.pipeline.tick([one])
    assert tick is not None
    assert tick.trajectory is None
    engine.set_horizon(wanted=True)
    tick = engine.pipeline.tick(samples(1, start=10))
    assert tick is not None
    assert tick.trajectory is not None
    assert len(tick.trajectory.stamp_ns) == engine.settings.horizon_steps


def test_starting_over_clears_a_fault(engine: Engine) -> None:
    engine.pipeline.tick(samples(10))
    engine.machine.fail('broken')
    assert engine.reason == 'broken'
    engine.start_over()
    assert engine.machine.state is State.WAITING


def test_the_robots_joint_names_are_used(model: Path) -> None:
    settings = NodeSettings(model=str(model), joint_prefix='left_', joint_map=('joint2:elbow',))
    engine = Engine(settings, StateMachine(State.WAITING))
    assert engine.joint_names == ('left_joint1', 'elbow')


class Simulated:
    """An armed engine on simulated time, on clocks of the test."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.now = 100.0
        self.time_ns: int | None = 0
        monkeypatch.setattr(time, 'monotonic', lambda: self.now)
        engine.simulated_time = lambda: self.time_ns

    def go_on(self, seconds: float, *, clock: bool = True, states: bool = True) -> None:
        """Let a while pass in steps of 10 ms."""
        for _ in range(round(seconds / 0.01)):
            self.now += 0.01
            if clock:
                self.time_ns = (self.time_ns or 0) + 10_000_000
            if states:
                self.engine.watchdog.feed(self.now)
                self.engine.watch.clock.came(self.now)
                self.engine.watch.clock.used(self.now)
            self.engine.check()
            self.engine.look_for_loss()

    def state(self) -> State:
        return self.engine.machine.state


@pytest.fixture
def simulated(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    made = Simulated(engine, monkeypatch)
    made.go_on(0.5)
    engine.machine.state = State.ARMED
    made.go_on(0.5)
    assert made.state() is State.ARMED
    return made


def test_without_clock_torque_is_a_fault(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Simulated(engine, monkeypatch)
    engine.machine.state = State.ARMED
    made.go_on(0.01, clock=False)
    assert made.state() is State.FAULT
    assert 'nothing has come on /clock' in engine.reason


def test_on_system_time_no_clock_is_needed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Simulated(engine, monkeypatch)
    made.time_ns = None
    engine.machine.state = State.ARMED
    for _ in range(20):
        made.go_on(0.01, clock=False)
    assert made.state() is State.ARMED
    assert engine.watch.clock_reason == ''


def test_a_clock_that_dies_while_joint_states_go_on_is_a_fault(simulated: Simulated) -> None:
    simulated.go_on(0.2, clock=False)
    assert simulated.state() is State.ARMED
    simulated.go_on(0.1, clock=False)
    assert simulated.state() is State.FAULT
    assert '/clock stood still' in simulated.engine.reason
    simulated.go_on(1.0)
    assert simulated.state() is State.FAULT


def test_a_pause_takes_torque_back_and_is_over_without_it(simulated: Simulated) -> None:
    simulated.go_on(0.1, clock=False, states=False)
    assert simulated.state() is State.MONITORING
    assert 'paused' in simulated.engine.pipeline.revoked_because
    simulated.go_on(20.0, clock=False, states=False)
    assert simulated.state() is State.MONITORING
    assert 'paused' in simulated.engine.watch.clock_reason
    simulated.go_on(1.0)
    assert simulated.state() is State.MONITORING
    assert simulated.engine.watch.clock_reason == ''
    simulated.go_on(100.0)
    assert simulated.state() is State.MONITORING


def test_a_pause_that_took_torque_and_lasts_too_long_is_a_fault(simulated: Simulated) -> None:
    simulated.go_on(61.0, clock=False, states=False)
    assert simulated.state() is State.FAULT
    assert 'pause_timeout (60 s)' in simulated.engine.machine.fault


def test_a_pause_without_torque_ends_as_lost_data(simulated: Simulated) -> None:
    simulated.engine.pipeline.disarm()
    simulated.go_on(59.0, clock=False, states=False)
    assert simulated.state() is State.MONITORING
    simulated.go_on(2.0, clock=False, states=False)
    assert simulated.state() is State.WAITING


def test_joint_states_that_stop_while_the_clock_goes_on_are_lost(simulated: Simulated) -> None:
    simulated.go_on(0.3, states=False)
    assert simulated.state() is State.FAULT
    assert 'No usable joint state came for' in simulated.engine.machine.fault


def test_a_clock_that_is_set_back_takes_torque_back(simulated: Simulated) -> None:
    simulated.time_ns = 0
    simulated.go_on(0.01)
    assert simulated.state() is State.MONITORING
    assert '/clock was set back' in simulated.engine.pipeline.revoked_because


def test_a_clock_that_goes_away_while_armed_is_a_fault(simulated: Simulated) -> None:
    simulated.time_ns = None
    simulated.go_on(0.03, clock=False)
    simulated.time_ns = 0
    simulated.go_on(0.01, clock=False)
    assert simulated.state() is State.FAULT
