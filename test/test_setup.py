# SPDX-License-Identifier: Apache-2.0
"""Tests for setup.py."""

from pathlib import Path
import subprocess
import sys

import pytest

SETUP = Path(__file__).parents[1] / 'setup.py'


def test_a_link_to_it_in_another_folder_describes_the_package(tmp_path: Path) -> None:
    pytest.importorskip('setuptools', reason='setup.py is for setuptools')
    link = tmp_path / SETUP.name
    link.symlink_to(SETUP)
    command = [sys.executable, link.name, '--name', '--long-description']
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith('lstm_dynamics_ros\n# ')
