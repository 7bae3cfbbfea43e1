# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""What dynamics_node says in its log, and its services before there is a model."""

from pathlib import Path
from typing import Any

from lifecycle_msgs.srv import ChangeState
from lstm_dynamics_ros.ros.topics import interfaces
import pytest

EXECUTORS = pytest.mark.parametrize('executor', ['events', 'single_threaded'])


def lines(loop: Any, level: str, words: str) -> list[str]:
    return [one for one in loop.node.log.splitlines() if level in one and words in one]


def logged(loop: Any, level: str, words: str) -> list[str]:
    """Return such lines once there are any: the state may be heard before the log is written."""
    loop.listener.until(lambda: lines(loop, level, words), f'{level} {words}')
    return lines(loop, level, words)


def test_each_thing_that_happens_is_one_line_of_the_log(loop: Any) -> None:
    loop.begin({}, {'stall_timeout': 1.0, 'armed_timeout': 1.0, 'state_timeout': 5.0})
    loop.await_state('monitoring')
    model = logged(loop, '[INFO]', 'Model test_lstm')
    assert len(model) == 1
    assert 'motion' in model[0]
    assert 'joint1, joint2' in model[0]
    assert 'steps of 5 ms' in model[0]
    assert len(logged(loop, '[INFO]', 'Monitoring')) == 1
    loop.arm()
    armed = logged(loop, '[WARN]', 'Armed')
    assert len(armed) == 1
    assert 'effort_controller/commands' in armed[0]
    assert loop.ask(armed=False).success
    loop.await_state('monitoring')
    assert len(logged(loop, '[INFO]', 'Disarmed')) == 1
    assert loop.node.stop()[0] == 0
    assert len(lines(loop, '[INFO]', 'Deactivated')) == 1
    assert len(lines(loop, '[INFO]', 'Monitoring')) == 1


def test_torque_that_is_revoked_and_a_fault_are_said_with_the_reason(loop: Any) -> None:
    loop.begin({}, {'stall_timeout': 1.0})
    loop.arm()
    loop.robot.stop()
    loop.await_state('fault')
    assert logged(loop, '[ERROR]', 'Fault: No usable joint state came')
    assert not lines(loop, '[INFO]', 'Disarmed')


@EXECUTORS
def test_services_exist_from_the_start_and_refuse_in_words(
    listener: Any, start: Any, model: Path, executor: str
) -> None:
    settings = (f'model:={model}', 'autostart:=false', f'executor:={executor}')
    process = start('dynamics_node', *(word for one in settings for word in ('-p', one)))

    def change(label: str) -> None:
        request = ChangeState.Request()
        request.transition.label = label
        assert listener.call(
            ChangeState, '/dynamics_node/change_state', transition=request.transition
        ).success

    def refused() -> None:
        asked = [
            (interfaces.ARM, {'data': True}),
            (interfaces.RESET, {}),
            (interfaces.RELOAD_MODEL, {}),
        ]
        for service, fields in asked:
            answer = listener.ask(service, **fields)
            assert not answer.success
            assert 'There is no model yet' in answer.message
        assert listener.ask(interfaces.ARM, data=False).success

    refused()
    change('configure')
    assert 'It is inactive' in listener.ask(interfaces.ARM, data=True).message
    assert listener.ask(interfaces.RELOAD_MODEL).success
    change('cleanup')
    refused()
    assert 'Traceback' not in process.log
