# SPDX-License-Identifier: Apache-2.0
"""What a built and sourced workspace offers: skipped elsewhere."""

from importlib.util import find_spec
from pathlib import Path
import subprocess
import sys

import pytest

SOURCE = Path(__file__).parents[1]
NAME = 'lstm_dynamics_ros'


def installed_at() -> Path | None:
    """Return the folder that the package of a sourced workspace is installed in."""
    if not find_spec('ament_index_python'):
        return None
    from ament_index_python.packages import (  # noqa: PLC0415
        get_package_prefix,
        PackageNotFoundError,
    )

    try:
        return Path(get_package_prefix(NAME))
    except (PackageNotFoundError, OSError):  # the latter without any workspace
        return None


PREFIX = installed_at()
PROGRAMS = ('command_watchdog', 'dynamics_node', 'lstm-dynamics', 'recorder_node', 'sim_node')

pytestmark = pytest.mark.skipif(PREFIX is None, reason='run by `make colcon`, after building')


def run(folder: Path, program: str, *arguments: str) -> str:
    """Run an installed program in a folder that does not hold the source; return its output."""
    assert PREFIX is not None
    command = [sys.executable, str(PREFIX / 'lib' / NAME / program), *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_program_is_tested() -> None:
    assert PREFIX is not None
    installed = sorted(path.name for path in (PREFIX / 'lib' / NAME).iterdir())
    assert installed == sorted(PROGRAMS)


@pytest.mark.parametrize('program', PROGRAMS)
def test_it_starts(program: str, tmp_path: Path) -> None:
    assert program in run(tmp_path, program, '--help')


@pytest.mark.parametrize('folder', ['config', 'launch', 'models'])
def test_every_file_of_the_folder_is_installed(folder: str) -> None:
    assert PREFIX is not None
    share = PREFIX / 'share' / NAME
    files = {path.relative_to(SOURCE) for path in (SOURCE / folder).rglob('*.*') if path.is_file()}
    assert files
    assert {file for file in files if not (share / file).is_file()} == set()


@pytest.mark.parametrize('package', [NAME, 'lstm_dynamics_bench'])
def test_programs_run_what_was_built_and_not_the_source(package: str, tmp_path: Path) -> None:
    command = [sys.executable, '-c', f'import {package}; print({package}.__file__)']
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(shown.stdout.strip()).parents[1] != SOURCE


def test_it_finds_the_robots_that_come_with_it(tmp_path: Path) -> None:
    simulated = ('simulate', '--robot', 'pendulum', '--runs', '1', '--duration', '4')
    run(tmp_path, 'lstm-dynamics', *simulated, '--out', str(tmp_path / 'bags'))
    assert len(list((tmp_path / 'bags').iterdir())) == 1
