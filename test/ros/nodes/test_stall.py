# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""A dynamics_node that does not run for a while, while it sends torque.

First with made-up times, then with SIGSTOP over DDS.
"""

from collections.abc import Callable
from pathlib import Path
import time
from types import SimpleNamespace
from typing import Any

from lstm_dynamics_ros.core.state import JointState
from lstm_dynamics_ros.ros.nodes.commander import Commander
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
import numpy as np
import pytest

EXECUTORS = pytest.mark.parametrize(
    'executor', ['events', pytest.param('single_threaded', marks=pytest.mark.slow)]
)


class Bench:
    """A commander that is armed and sends, on a clock of the test."""

    def __init__(self, node: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = NodeSettings(model=str(model), controller='none')
        self.machine = StateMachine(State.ARMED)
        self.engine = Engine(settings, self.machine)
        self.announced: list[str] = []
        self.now = 100.0
        monkeypatch.setattr(time, 'monotonic', lambda: self.now)
        self.commander = Commander(
            node, self.engine, lambda: self.announced.append(self.machine.fault)
        )
        self.sent: list[list[float]] = []
        self.at_publish: Callable[[], None] = lambda: None
        publisher = self.commander._sink._publisher
        monkeypatch.setattr(publisher, 'publish', lambda one: self.sent.append(list(one.data)))
        message = self.commander._sink._message

        def slow(*arguments: Any) -> Any:
            self.at_publish()
            return message(*arguments)

        monkeypatch.setattr(self.commander._sink, '_message', slow)
        for _ in range(3):
            self.tick()
        assert any(self.sent[-1])
        self.sent.clear()

    def tick(self, seconds: float = 0.005, stamp: float = 0.0) -> None:
        """Let a control period pass, compute and send."""
        self.now += seconds
        self.engine.check()  # as the node does first
        armed = self.machine.allows_torque
        zero = np.zeros(2)
        measured = JointState(0, zero, zero, zero)
        torque = self.engine.pipeline.correction_output.send(
            measured, np.ones(2), armed=armed, confidence=1.0
        )
        tick: Any = SimpleNamespace(stamp_ns=round(1e9 * stamp), preview=None, correction=torque)
        self.commander.send(tick)

    def idle(self) -> None:
        self.commander._idle()


@pytest.fixture
def bench(make_node: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(make_node(), model, monkeypatch)


@pytest.mark.parametrize('seconds', [0.06, 0.09, 1.0])
@pytest.mark.parametrize('first', ['joint states', 'idle timer', 'watch'])
def test_whatever_runs_first_after_a_stall_nothing_old_is_sent(
    bench: Bench, first: str, seconds: float
) -> None:
    bench.now += seconds
    if first == 'idle timer':
        bench.idle()
    elif first == 'watch':
        bench.engine.check()
    bench.tick(0.0)
    assert bench.machine.state is State.FAULT
    assert 'did not run' in bench.machine.fault
    largest = 1.0
    for _ in range(100):
        bench.tick()
        bench.idle()
    for torque in bench.sent:
        assert max(torque) < largest or torque == [0.0, 0.0]
        largest = max(torque)
    assert bench.sent[-1] == [0.0, 0.0]


def test_a_stall_between_computing_and_sending_is_noticed_in_time(bench: Bench) -> None:
    def stall_once() -> None:
        bench.now += 0.09
        bench.at_publish = lambda: None

    bench.at_publish = stall_once
    before = bench.engine.pipeline.gate.limiter.last.copy()
    bench.tick()
    assert bench.machine.state is State.FAULT
    assert len(bench.sent) == 1
    assert bench.sent[0][0] <= before[0] + 1e-9 or bench.sent[0][0] < 1.0
    for _ in range(100):
        bench.tick()
    assert bench.sent[-1] == [0.0, 0.0]


def test_a_stall_before_the_first_zero_sends_no_torque_after_it(bench: Bench) -> None:
    def stall_once() -> None:
        bench.now += 0.09
        bench.at_publish = lambda: None

    bench.commander._quiet = True
    bench.at_publish = stall_once
    bench.tick()
    assert bench.machine.state is State.FAULT
    assert len(bench.sent) == 1


def test_jitter_within_the_bound_changes_nothing(bench: Bench) -> None:
    for seconds in (0.01, 0.03, 0.049):
        bench.tick(seconds)
    assert bench.machine.state is State.ARMED
    assert len(bench.sent) == 3


def test_while_ticks_are_missing_the_idle_timer_looks_after_the_node(bench: Bench) -> None:
    for _ in range(15):
        bench.now += 0.006
        bench.idle()
    assert bench.machine.state is State.ARMED  # 90 ms without a joint state, and no stall
    for _ in range(5):
        bench.now += 0.006
        bench.idle()
    assert 'No usable joint state came' in bench.machine.fault
    assert bench.announced == [bench.machine.fault]


def test_a_stall_while_degraded_is_a_fault_too(bench: Bench) -> None:
    bench.machine.state = State.DEGRADED
    bench.now += 0.09
    bench.idle()
    assert bench.machine.state is State.FAULT


def test_a_stall_before_arming_is_none(bench: Bench) -> None:
    bench.machine.state = State.MONITORING
    bench.now += 1.0
    bench.tick()
    assert bench.machine.state is State.MONITORING


def test_arming_right_after_a_stall_is_refused(bench: Bench) -> None:
    bench.machine.state = State.MONITORING
    bench.now += 1.0
    assert 'newest usable joint state is 1.00 s old' in ' '.join(bench.commander.refusals)


def test_a_joint_state_that_waited_elsewhere_is_not_answered(bench: Bench) -> None:
    for _ in range(20):
        bench.tick(stamp=bench.now + 0.005)
    bench.sent.clear()
    held = bench.now  # for 0.15 s only what is as old as that comes
    bench.sent.clear()
    for k in range(10):
        bench.tick(0.015, stamp=held + 0.0001 * k)
    assert bench.machine.state is State.FAULT
    assert 'later than usual' in bench.machine.fault
    assert 'later than usual' in ' '.join(bench.commander.refusals)
    bench.engine.start_over()
    assert 'later than usual' not in ' '.join(bench.commander.refusals)


def stall(loop: Any, seconds: float) -> int:
    """Stop the armed node for a while; return when it went on [ns, wall clock].

    A command that was being written at the moment of the stop goes out afterwards, and nobody can
    call it back. Where a single one did, the node is stopped once more; twice is no chance.
    """
    torn = 0
    while True:
        loop.arm()
        begin = int(loop.stall(loop.node, seconds))
        loop.listen(0.1)
        before = [values for sent, values in loop.sent if sent <= begin]
        if not before or not any(before[-1]):
            continue  # a busy machine made a fault before
        after = [any(values) for values in loop.since(begin)]
        torn += after[:1] == [True] and sum(after) == 1
        if torn != 1 or sum(after) != 1:
            return begin


@EXECUTORS
@pytest.mark.parametrize('seconds', [0.09, 0.3, 1.0])
def test_a_stall_is_a_fault_and_zero_is_what_is_sent_first(
    loop: Any, executor: str, seconds: float
) -> None:
    loop.begin({}, {'executor': executor})
    begin = stall(loop, seconds)
    assert 'did not run' in loop.await_state('fault')
    loop.listener.until(lambda: loop.since(begin), 'a command')
    loop.listen(0.5)
    assert loop.state['state'] == 'fault'
    assert not any(any(values) for values in loop.since(begin))
    loop.arm()  # which resets and asks; nothing else brings torque back


def test_the_safe_command_may_be_a_ramp(loop: Any) -> None:
    loop.begin({}, {'gate.safe_command': 'ramp'})
    begin = stall(loop, 0.3)
    loop.await_state('fault')
    loop.listener.until(lambda: loop.since(begin) and not any(loop.since(begin)[-1]), 'zero')
    largest = [max(map(abs, values)) for values in loop.since(begin)]
    assert largest == sorted(largest, reverse=True)
    assert len(largest) > 5


def test_reset_alone_brings_no_torque_back(loop: Any) -> None:
    loop.begin({}, {})
    begin = stall(loop, 0.3)
    loop.await_state('fault')
    assert loop.listener.ask(loop.interfaces.RESET).success
    loop.await_state('monitoring')
    loop.listen(0.5)
    assert not any(any(values) for values in loop.since(begin))


def test_a_stall_of_ten_milliseconds_is_none(loop: Any) -> None:
    loop.begin({}, {})
    for _ in range(20):  # until the machine itself leaves the node alone for once
        begin = stall(loop, 0.01)
        if loop.armed:
            break
    assert loop.armed
    assert any(any(values) for values in loop.since(begin))
