# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/arming.py."""

from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.safety.arming import ArmingFacts, ArmingSettings, judge
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import ArmRefusedError, State, StateMachine
import numpy as np
import pytest

SETTINGS = ArmingSettings()
LIMITS = JointLimits((-2.0, None), (2.0, None), (1.0, 1.0), (10.0, 10.0))
READY = ArmingFacts(
    joint_names=('arm', 'wheel'),
    state=State.MONITORING,
    rate_known=True,
    position=np.array([0.0, 50.0]),
    controller='feedforward',
    computes_torque=True,
    reference_age=0.01,
    limits=LIMITS,
    continuous=('wheel',),
    feedback_gain=0.01,
    washout=0.5,
    tick_time=0.001,
    period=0.005,
    command_topic='/effort',
    sink_adds=True,
    subscribers=1,
    sink_joints=('left_arm', 'left_wheel'),
    command_joints=('left_arm', 'left_wheel'),
    shadow_time=5.0,
    shadow_explained=np.array([0.8, np.nan]),
)


def reasons(**changes: Any) -> tuple[str, ...]:  # noqa: ANN401 - any fact
    return judge(replace(READY, **changes), SETTINGS).refusals


def test_when_all_is_well_nothing_is_said() -> None:
    assert judge(READY, SETTINGS) == ((), ())


@pytest.mark.parametrize(
    ('changes', 'part'),
    [
        ({'state': State.WARMING}, 'It is warming, not monitoring.'),
        ({'state': State.FAULT, 'fault': 'No data.'}, 'There is a fault (No data.); clear it'),
        ({'rate_known': False}, 'rate of the joint states is not known'),
        ({'note': 'Warming up: 3 of 9 steps.'}, 'Warming up: 3 of 9 steps.'),
        ({'outside_range': ('velocity.arm',)}, 'Outside the training range: velocity.arm.'),
        ({'frozen': ('arm',)}, 'stand still although their command changes: arm.'),
        ({'position': np.array([2.5, 0.0])}, 'arm at 2.5 (from -2 to 2). Move the robot back'),
        ({'position': np.array([np.nan, 0.0])}, 'arm at nan'),
        ({'position': np.array([45.0, 0.0])}, 'arm at 45 (from -2 to 2). The positions look like'),
        ({'controller': 'none', 'computes_torque': False}, "'none' computes no torque"),
        ({'reference_age': None}, 'No reference has come.'),
        ({'reference_age': 0.3}, 'The reference is 0.3 s old; at most 0.1 s'),
        ({'reference_age': np.nan}, 'The reference is nan s old'),
        ({'reference_covers': False}, 'does not reach to when the correction acts'),
        ({'limits': JointLimits.unknown(2)}, 'These joints have no effort limit: arm, wheel.'),
        ({'limits': None}, 'These joints have no effort limit: arm, wheel.'),
        ({'continuous': ()}, 'These joints have no position limits: wheel.'),
        ({'limits': JointLimits.unknown(2)}, 'These joints have no speed limit: arm, wheel.'),
        ({'feedback_gain': 1.5}, 'with a gain of 1.5 effort limits per radian; at most 1 '),
        ({'feedback_gain': np.nan}, 'with a gain of nan'),
        ({'washout': 9.0}, 'needs 9 s to forget'),
        ({'tick_time': None}, 'How long a tick takes is not known'),
        ({'tick_time': 0.003}, 'A tick takes 3 ms (99th percentile); at most 50% of the period'),
        ({'sink_adds': False}, 'take it for the whole effort'),
        ({'subscribers': 0}, 'Nobody subscribes to /effort.'),
        ({'other_publishers': ('/pid',)}, 'Others publish on /effort too: /pid.'),
        ({'sink_joints': ('left_arm',)}, "has the joints ['left_arm'], the command has"),
        ({'sink_joints': ('left_wheel', 'left_arm')}, 'the same in this order'),
        ({'shadow_time': 1.0}, 'watched for 1 s; 2 s are needed'),
        ({'shadow_explained': None}, 'Nothing says how good'),
        ({'shadow_explained': np.array([0.9, -0.3])}, 'worse than none on these joints'),
    ],
)
def test_one_thing_missing_is_said(changes: dict[str, Any], part: str) -> None:
    assert any(part in reason for reason in reasons(**changes))
    assert len(reasons(**changes)) <= 3


def test_everything_missing_is_said_at_once() -> None:
    bare = ArmingFacts(joint_names=('arm', 'wheel'), state=State.WAITING)
    reasons = judge(bare, SETTINGS).refusals
    assert len(reasons) == 10
    assert len(set(reasons)) == len(reasons)
    assert all(reason.endswith('.') and reason[0].isupper() for reason in reasons)


def test_a_controller_without_reference_needs_none() -> None:
    assert reasons(needs_reference=False, reference_age=None, reference_covers=False) == ()


def test_the_whole_effort_needs_no_adding_sink() -> None:
    assert reasons(command_mode='full', sink_adds=False) == ()


def test_a_named_command_may_come_in_another_order() -> None:
    other = ('left_wheel', 'left_arm', 'left_hand')
    assert reasons(sink_joints=other, sink_has_names=True) == ()


def test_joints_that_are_not_enabled_may_be_badly_explained() -> None:
    bad = np.array([0.9, -0.3])
    assert reasons(shadow_explained=bad, enabled_joints=('arm',)) == ()
    assert len(reasons(shadow_explained=bad, enabled_joints=('wheel',))) == 1


@pytest.mark.parametrize(
    ('how', 'counts'), [('refuse', (1, 0)), ('warn', (0, 1)), ('ignore', (0, 0))]
)
def test_the_answer_to_a_bad_shadow_score_can_be_chosen(how: str, counts: tuple[int, int]) -> None:
    facts = replace(READY, shadow_explained=np.array([-1.0, 0.5]))
    verdict = judge(facts, replace(SETTINGS, shadow=how))
    assert (len(verdict.refusals), len(verdict.warnings)) == counts


def test_unknown_position_limits_can_be_accepted_but_unknown_effort_limits_cannot() -> None:
    facts = replace(READY, limits=JointLimits.unknown(2))
    verdict = judge(facts, replace(SETTINGS, position_limits='warn'))
    assert [reason[:34] for reason in verdict.refusals] == ['These joints have no effort limit:']
    assert len(verdict.warnings) == 2


@pytest.mark.parametrize(
    ('changes', 'part'),
    [
        ({'state_publishers': 2}, '2 publishers send joint states'),
        ({'sink_joints': None}, 'parameter joints with: left_arm, left_wheel.'),
        ({'blend': 0.0}, 'gate.blend is 0'),
    ],
)
def test_what_only_deserves_a_look_is_a_warning(changes: dict[str, Any], part: str) -> None:
    verdict = judge(replace(READY, **changes), SETTINGS)
    assert verdict.refusals == ()
    assert len(verdict.warnings) == 1
    assert part in verdict.warnings[0]


def test_the_state_is_said_once_when_the_machine_refuses() -> None:
    facts = replace(READY, state=State.WARMING, subscribers=0)
    with pytest.raises(ArmRefusedError) as caught:
        StateMachine(State.WARMING).arm(judge(facts, SETTINGS).refusals)
    assert len(caught.value.reasons) == 2
