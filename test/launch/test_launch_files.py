# SPDX-License-Identifier: Apache-2.0
"""Tests for launch/: what can be said without ROS always, the rest where launch_ros is there."""

import ast
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec, spec_from_file_location
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / 'launch'
COMMON = {'namespace', 'params_file', 'model', 'use_sim_time', 'autostart', 'log_level'}
ARGUMENTS = {
    'dynamics.launch.py': COMMON | {'respawn', 'reference'},
    'command_watchdog.launch.py': {
        'namespace',
        'params_file',
        'command_topic',
        'respawn',
        'log_level',
    },
    'demo.launch.py': COMMON | {'robot', 'payload', 'motion', 'seed', 'sim_params_file'},
}
PATIENCE = 30.0

needs_launch = pytest.mark.skipif(
    not find_spec('launch_ros'),
    reason='launch and launch_ros are only in a sourced ROS 2, and on no package registry',
)

RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
arguments = [tuple(word.split(':=')) for word in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service = LaunchService()
service.include_launch_description(
    LaunchDescription([IncludeLaunchDescription(source, launch_arguments=arguments)])
)
sys.exit(service.run())
"""


def package_is_installed() -> bool:
    if not find_spec('ament_index_python'):
        return False
    from ament_index_python.packages import (  # noqa: PLC0415
        get_package_share_directory,
        PackageNotFoundError,
    )

    try:
        get_package_share_directory('lstm_dynamics_ros')
    except (PackageNotFoundError, OSError):  # the latter without any workspace
        return False
    return True


def test_every_launch_file_is_tested() -> None:
    assert {path.name for path in FOLDER.glob('*.launch.py')} == set(ARGUMENTS)


@pytest.mark.parametrize('name', ARGUMENTS)
def test_the_arguments_people_expect_are_declared_and_explained(name: str) -> None:
    tree = ast.parse((FOLDER / name).read_text(encoding='utf-8'))
    declared = {}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        if call.func.id == 'DeclareLaunchArgument':
            first = call.args[0]
            assert isinstance(first, ast.Constant)
            declared[first.value] = {keyword.arg for keyword in call.keywords}
    assert set(declared) == ARGUMENTS[name]
    assert all({'description', 'default_value'} <= given for given in declared.values())


@pytest.mark.parametrize('name', ARGUMENTS)
def test_every_executable_that_is_launched_exists(name: str) -> None:
    from lstm_dynamics_ros.ros.main import NODES  # noqa: PLC0415

    tree = ast.parse((FOLDER / name).read_text(encoding='utf-8'))
    launched = [
        keyword.value.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == 'executable' and isinstance(keyword.value, ast.Constant)
    ]
    assert launched
    assert set(launched) <= set(NODES)


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(name.removesuffix('.launch.py'), FOLDER / name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_launch
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
@pytest.mark.parametrize('name', ARGUMENTS)
def test_it_can_be_described(name: str) -> None:
    description = load(name).generate_launch_description()
    arguments = {action.name for action in description.get_launch_arguments()}
    assert arguments == ARGUMENTS[name]


@needs_launch
@pytest.mark.skipif(
    not package_is_installed(), reason='run by colcon test, after colcon build and sourcing it'
)
def test_it_runs_in_a_namespace_and_ends_on_ctrl_c(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    model = make_model(tmp_path / 'model.onnx', n_joints=2)
    log = tmp_path / 'log'
    command = [sys.executable, '-c', RUN, str(FOLDER / 'dynamics.launch.py')]
    environment = {**os.environ, 'ROS_DOMAIN_ID': str(1 + os.getpid() % 100)}
    with log.open('wb') as out:
        process = subprocess.Popen(
            [*command, f'model:={model}', 'namespace:=left'],
            stdout=out,
            stderr=out,
            env=environment,
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while 'Waiting for /left/joint_states' not in log.read_text():
                assert time.monotonic() < deadline, log.read_text()
                assert process.poll() is None, log.read_text()
                os.sched_yield()
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
    assert 'process has finished cleanly' in log.read_text()
