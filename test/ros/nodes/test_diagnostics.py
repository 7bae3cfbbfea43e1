# SPDX-License-Identifier: Apache-2.0
"""Tests for diagnostics.py."""

from dataclasses import replace
import math
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lstm_dynamics_ros.ros.nodes.diagnostics import as_table, diagnostics, Report
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.monitor import Snapshot
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
import pytest
from rclpy.serialization import deserialize_message, serialize_message

SNAPSHOT = Snapshot(
    joint_states_hz=1000.0,
    prediction_hz=200.0,
    age=0.001,
    latency_us={'p50': 100.0, 'p99': 200.0, 'max': 300.0},
    missed_ticks=2,
    error_ratio=1.5,
    joint_states=5000,
    predictions=1000,
)
REPORT = Report(
    node='/left/dynamics_node',
    now_ns=5,
    reason='',
    skew=-0.001,
    nodes_of_same_name=0,
    snapshot=SNAPSHOT,
    counters={'commands': 7},
)


@pytest.fixture
def engine(model: Path) -> Engine:
    return Engine(NodeSettings(model=str(model)), StateMachine(State.MONITORING))


def part(message: DiagnosticArray, name: str) -> DiagnosticStatus:
    found = [status for status in message.status if status.name.endswith(f': {name}')]
    assert len(found) == 1
    return found[0]


def test_a_healthy_node_is_all_ok_and_survives_the_wire(engine: Engine) -> None:
    sent = diagnostics(REPORT, engine)
    message = deserialize_message(serialize_message(sent), DiagnosticArray)
    assert {status.level for status in message.status} == {b'\x00'}
    assert [status.name for status in message.status] == [
        f'left/dynamics_node: {name}'
        for name in ('joint states', 'prediction', 'model', 'output', 'counters')
    ]
    table = as_table(message.status)
    assert table['prediction']['latency_us_p99'] == '200'
    assert table['prediction']['expected_rate_hz'] == '200'
    assert table['prediction']['novelty'] == 'nan'  # nothing has come yet
    assert table['joint states']['rate_hz'] == '1000'
    assert part(message, 'output').message == 'silent'
    assert table['output']['controller'] == 'none'
    assert table['output']['confidence'] == '0'
    assert table['counters']['commands'] == '7'


@pytest.mark.parametrize(
    ('changed', 'name', 'level', 'text'),
    [
        ({'skew': -3.5}, 'joint states', DiagnosticStatus.WARN, 'Stamps are -3.500 s'),
        ({'nodes_of_same_name': 1}, 'prediction', DiagnosticStatus.ERROR, '1 other node(s)'),
        ({'reason': 'Warming up'}, 'prediction', DiagnosticStatus.WARN, 'Warming up'),
        (
            {'snapshot': replace(SNAPSHOT, error_ratio=9.0)},
            'prediction',
            DiagnosticStatus.WARN,
            '9.0 times',
        ),
        (
            {'snapshot': replace(SNAPSHOT, error_ratio=math.nan)},
            'prediction',
            DiagnosticStatus.OK,
            'monitoring',
        ),
    ],
)
def test_what_is_wrong_is_said(
    engine: Engine, changed: dict[str, object], name: str, level: bytes, text: str
) -> None:
    report = replace(REPORT, **changed)  # type: ignore[arg-type]
    status = part(diagnostics(report, engine), name)
    assert status.level == level
    assert text in status.message


def test_no_joint_states_are_stale_before_the_first_and_an_error_after(engine: Engine) -> None:
    engine.machine.state = State.WAITING
    never = replace(REPORT, snapshot=replace(SNAPSHOT, joint_states=0), reason='Waiting')
    assert part(diagnostics(never, engine), 'joint states').level == DiagnosticStatus.STALE
    lost = replace(REPORT, reason='Waiting')
    assert part(diagnostics(lost, engine), 'joint states').level == DiagnosticStatus.ERROR


def test_a_fault_is_an_error(engine: Engine) -> None:
    engine.machine.fail('The model could not be run.')
    status = part(diagnostics(REPORT, engine), 'prediction')
    assert (status.level, status.message) == (
        DiagnosticStatus.ERROR,
        'The model could not be run.',
    )
