# SPDX-License-Identifier: Apache-2.0
"""Tests for engine.py."""

from pathlib import Path

from lstm_dynamics_ros.errors import LstmDynamicsError
from lstm_dynamics_ros.ros.engine import Engine
from lstm_dynamics_ros.ros.settings import NodeSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
from lstm_dynamics_ros.state import RawSample
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
    assert [len(bunch) for bunch in engine.bunches(samples(5))] == [1] * 5  # 20 ms
    assert [len(bunch) for bunch in engine.bunches(samples(6))] == [6]  # 25 ms


def test_publishing_once_per_bunch_can_be_asked_for(model: Path) -> None:
    engine = Engine(NodeSettings(model=str(model), catch_up=0.0), StateMachine(State.WAITING))
    assert [len(bunch) for bunch in engine.bunches(samples(2))] == [2]
    assert [len(bunch) for bunch in engine.bunches(samples(1))] == [1]


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
