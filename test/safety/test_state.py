# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/state.py."""

from lstm_dynamics_ros.safety.state import (
    ArmRefusedError,
    Event,
    State,
    StateMachine,
    TransitionError,
    TRANSITIONS,
)
import pytest


def follow(*events: Event, start: State = State.UNCONFIGURED) -> StateMachine:
    machine = StateMachine(start)
    for event in events:
        machine.on(event)
    return machine


def test_the_way_from_start_to_predicting() -> None:
    machine = StateMachine()
    ways = [Event.CONFIGURE, Event.ACTIVATE, Event.DATA, Event.WARM]
    assert [machine.on(event) for event in ways] == [
        State.INACTIVE,
        State.WAITING,
        State.WARMING,
        State.MONITORING,
    ]


def test_torque_is_allowed_only_while_armed() -> None:
    assert [state for state in State if StateMachine(state).allows_torque] == [State.ARMED]


def test_only_monitoring_can_be_armed_and_only_by_a_person() -> None:
    ways = [(s, e) for (s, e), after in TRANSITIONS.items() if after is State.ARMED]
    assert ways == [(State.MONITORING, Event.ARM)]


@pytest.mark.parametrize('state', [s for s in State if s is not State.MONITORING])
def test_arming_elsewhere_is_refused_with_the_state(state: State) -> None:
    machine = StateMachine(state)
    with pytest.raises(ArmRefusedError) as caught:
        machine.arm(['Nobody listens.'])
    assert len(caught.value.reasons) == 2
    assert state.value in str(caught.value)
    assert 'Nobody listens.' in str(caught.value)
    assert machine.state is state


def test_any_reason_refuses_arming() -> None:
    machine = StateMachine(State.MONITORING)
    with pytest.raises(ArmRefusedError, match=r'^Not armed: One\. Two\.$'):
        machine.arm(['One.', 'Two.'])
    machine.arm()
    assert machine.state is State.ARMED


def test_a_restart_while_armed_takes_torque_away_until_a_person_arms_again() -> None:
    machine = follow(Event.RESTART, start=State.ARMED)
    assert machine.state is State.DEGRADED
    assert not machine.allows_torque
    with pytest.raises(ArmRefusedError, match='It is degraded, not monitoring'):
        machine.arm()
    assert machine.on(Event.WARM) is State.MONITORING


@pytest.mark.parametrize('state', [State.ARMED, State.DEGRADED])
def test_lost_data_while_armed_is_a_fault(state: State) -> None:
    machine = follow(Event.DATA_LOST, start=state)
    assert machine.state is State.FAULT
    assert machine.fault == 'data lost'


def test_a_fault_stays_whatever_the_data_do() -> None:
    machine = StateMachine(State.ARMED)
    machine.fail('The model is broken.')
    for event in (Event.DATA, Event.WARM, Event.RESTART, Event.DATA_LOST):
        assert machine.on(event) is State.FAULT
    with pytest.raises(ArmRefusedError, match=r'fault \(The model is broken\.\)'):
        machine.arm()
    assert machine.on(Event.CLEAR) is State.WAITING
    assert machine.fault == ''


def test_the_first_cause_of_a_fault_is_kept() -> None:
    machine = StateMachine(State.MONITORING)
    machine.fail('First.')
    machine.fail('Second.')
    assert machine.fault == 'First.'


def test_nothing_can_fail_while_inactive() -> None:
    machine = StateMachine(State.INACTIVE)
    machine.fail('Too early.')
    assert machine.state is State.INACTIVE
    assert machine.fault == ''


def test_an_impossible_request_says_what_is_possible() -> None:
    with pytest.raises(TransitionError) as caught:
        StateMachine(State.INACTIVE).on(Event.CONFIGURE)
    assert str(caught.value) == (
        'Cannot configure while inactive. Possible now: activate, cleanup.'
    )


@pytest.mark.parametrize('state', State)
def test_data_events_are_never_refused(state: State) -> None:
    for event in (Event.DATA, Event.WARM, Event.RESTART, Event.DATA_LOST):
        StateMachine(state).on(event)


@pytest.mark.parametrize('state', [s for s in State if StateMachine(s).active])
def test_deactivating_is_always_possible(state: State) -> None:
    assert follow(Event.DEACTIVATE, start=state).state is State.INACTIVE
