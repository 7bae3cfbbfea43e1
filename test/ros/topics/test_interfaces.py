# SPDX-License-Identifier: Apache-2.0
"""Tests for interfaces.py."""

from pathlib import Path

from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.interfaces import ServiceName, Topic
import pytest
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSProfile, ReliabilityPolicy

TOPICS = {name: item for name, item in vars(interfaces).items() if isinstance(item, Topic)}
SERVICES = {name: item for name, item in vars(interfaces).items() if isinstance(item, ServiceName)}


@pytest.mark.parametrize('name', [*TOPICS, *SERVICES])
def test_names_are_relative_or_private_unless_ros_fixes_them(name: str) -> None:
    item = getattr(interfaces, name)
    assert not item.name.startswith('/') or item.name in {'/clock', '/diagnostics'}


@pytest.mark.parametrize('offered', [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_joint_states_are_received_from_every_kind_of_publisher(
    offered: ReliabilityPolicy,
) -> None:
    publisher = QoSProfile(depth=1, reliability=offered)
    verdict, reason = qos_check_compatible(publisher, interfaces.JOINT_STATES.qos)
    assert verdict != QoSCompatibility.ERROR, reason


@pytest.mark.parametrize('name', [*TOPICS, *SERVICES])
def test_every_interface_is_in_the_docs(name: str) -> None:
    page = (Path(__file__).parents[3] / 'docs' / 'topics.md').read_text(encoding='utf-8')
    assert f'`{getattr(interfaces, name).name}`' in page
