# SPDX-License-Identifier: Apache-2.0
"""Tests for parameter_page.py."""

from pathlib import Path

from lstm_dynamics_ros.cli.parameter_page import page

PAGE = Path(__file__).parents[2] / 'docs' / 'parameters.md'


def test_the_page_in_docs_is_what_the_code_declares() -> None:
    assert PAGE.read_text(encoding='utf-8') == page() + '\n', 'run `make docs`'


def test_units_and_ranges_are_shown() -> None:
    assert '| `hidden.lag` | `0.0` | 0 .. 0.1 |  | First-order lag of the drive torque. [s] |' in (
        page()
    )
