# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for controller_joints.py; what a sink makes of it is in test_sinks.py."""

from typing import Any

from lstm_dynamics_ros.ros.topics.command_interfaces import COMMAND
from lstm_dynamics_ros.ros.topics.controller_joints import ControllerJoints

INPUT = '/command_watchdog/input'


def test_a_watchdog_passes_the_joints_of_the_controller_on(listener: Any, start: Any) -> None:
    start('sim_node', '-p', 'robot:=pendulum', '-p', 'motion:=hold')
    start('command_watchdog')
    asked = ControllerJoints(listener.node, INPUT)

    def known() -> bool:
        asked.ask()
        return asked.known == {'/command_watchdog': ('joint1', 'joint2')}

    listener.until(known, 'joints')
    assert asked.problem(('joint2', 'joint1')) == ''
    asked.destroy()


def test_who_cannot_say_its_joints_is_named(listener: Any, start: Any) -> None:
    start('command_watchdog')
    asked = ControllerJoints(listener.node, INPUT)

    def named() -> bool:
        asked.ask()
        return '/command_watchdog has not answered' in asked.problem(('a',))

    listener.until(named, 'name')
    asked.destroy()


def test_nobody_who_listens_is_said_so(make_node: Any) -> None:
    asked = ControllerJoints(make_node(), COMMAND.name)
    asked.ask()
    assert asked.problem(('a',)) == 'Nobody listens on effort_controller/commands.'
