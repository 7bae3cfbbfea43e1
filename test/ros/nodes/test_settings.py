# SPDX-License-Identifier: Apache-2.0
"""Tests for settings.py and the parameter files in config/, which need no ROS."""

from pathlib import Path

from lstm_dynamics_ros.core.parameters import build, flatten, leaves
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import CommandWatchdogSettings
from lstm_dynamics_ros.ros.nodes.settings import (
    NodeSettings,
    RecorderSettings,
    SimSettings,
)
import pytest
import yaml

CONFIG = Path(__file__).parents[3] / 'config'
FILES = [
    ('dynamics', NodeSettings),
    ('command_watchdog', CommandWatchdogSettings),
    ('sim', SimSettings),
    ('recorder', RecorderSettings),
]


@pytest.mark.parametrize(('name', 'cls'), FILES)
def test_parameter_files_hold_every_setting_with_its_default(name: str, cls: type) -> None:
    content = yaml.safe_load((CONFIG / f'{name}.yaml').read_text(encoding='utf-8'))
    values = flatten(content['/**']['ros__parameters'])
    assert list(values) == [leaf.name for leaf in leaves(cls())]
    assert build(cls, values) == cls()


@pytest.mark.parametrize(('name', 'cls'), FILES)
def test_every_setting_says_what_it_is_for(name: str, cls: type) -> None:
    for leaf in leaves(cls()):
        assert leaf.setting.description.endswith('.'), f'{name}: {leaf.name}'


def test_the_pipeline_gets_its_part() -> None:
    settings = NodeSettings(control_rate=100.0, joint_map=('a:b',), state_timeout=3.0)
    assert settings.pipeline == PipelineSettings(control_rate=100.0, joint_map=('a:b',))
