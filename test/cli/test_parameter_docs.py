# SPDX-License-Identifier: Apache-2.0
"""Tests for parameter_docs.py."""

from pathlib import Path

from lstm_dynamics_ros.cli.parameter_docs import page, parameter_file
from lstm_dynamics_ros.core.parameters import build, flatten
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
import yaml

PAGE = Path(__file__).parents[2] / 'docs' / 'parameters.md'


def test_the_page_in_docs_is_what_the_code_declares() -> None:
    assert PAGE.read_text(encoding='utf-8') == page() + '\n', 'run `make docs`'


def test_units_and_ranges_are_shown() -> None:
    assert '| `hidden.lag` | `0.0` | 0 .. 0.1 |  | First-order lag of the drive torque. [s] |' in (
        page()
    )


def test_the_file_in_the_repository_is_up_to_date() -> None:
    written = Path(__file__).parents[2] / 'config' / 'dynamics.yaml'
    assert written.read_text(encoding='utf-8').strip() == parameter_file(), 'Run make docs.'


def test_it_is_yaml_that_gives_the_defaults() -> None:
    content = yaml.safe_load(parameter_file())
    assert build(NodeSettings, flatten(content['/**']['ros__parameters'])) == NodeSettings()
