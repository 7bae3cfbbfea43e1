# SPDX-License-Identifier: Apache-2.0
"""Start an embedded robot and the node that predicts it."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'lstm_dynamics_ros'

ARGUMENTS = (
    DeclareLaunchArgument(
        'robot', default_value='arm', description='Embedded robot, e.g. arm or pendulum.'
    ),
    DeclareLaunchArgument(
        'payload', default_value='1.89', description='Payload the model knows nothing of [kg].'
    ),
    DeclareLaunchArgument('motion', default_value='multi_sine', description='Kind of motion.'),
    DeclareLaunchArgument('seed', default_value='1009', description='Seed of the motion.'),
    DeclareLaunchArgument(
        'model',
        default_value='',
        description='Model file or name; empty for the forward model of the robot.',
    ),
    DeclareLaunchArgument('namespace', default_value='', description='Namespace of the robot.'),
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'dynamics.yaml']),
        description='Absolute path of the parameter file of dynamics_node.',
    ),
    DeclareLaunchArgument(
        'sim_params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'sim.yaml']),
        description='Absolute path of the parameter file of sim_node.',
    ),
    DeclareLaunchArgument(
        'use_sim_time',
        default_value='false',
        choices=['true', 'false'],
        description='Let sim_node publish /clock, and dynamics_node follow it.',
    ),
    DeclareLaunchArgument(
        'autostart',
        default_value='true',
        choices=['true', 'false'],
        description='Let dynamics_node configure and activate itself.',
    ),
    DeclareLaunchArgument('log_level', default_value='info', description='Log level.'),
)


def start(context: LaunchContext) -> list[IncludeLaunchDescription]:
    """Include the launch file of dynamics_node, with the robot's model if none was given."""
    model = LaunchConfiguration('model').perform(context)
    robot = LaunchConfiguration('robot').perform(context)
    passed = ('namespace', 'params_file', 'use_sim_time', 'autostart', 'log_level')
    return [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(
                PathJoinSubstitution([FindPackageShare(PACKAGE), 'launch', 'dynamics.launch.py'])
            ),
            launch_arguments={
                **{name: LaunchConfiguration(name) for name in passed},
                'model': model or f'{robot}_forward',
                'reference': 'reference',
            }.items(),
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Return what ``ros2 launch`` runs."""
    robot = Node(
        package=PACKAGE,
        executable='sim_node',
        name='sim_node',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            ParameterFile(LaunchConfiguration('sim_params_file'), allow_substs=True),
            {
                'robot': ParameterValue(LaunchConfiguration('robot'), value_type=str),
                'motion': ParameterValue(LaunchConfiguration('motion'), value_type=str),
                'seed': ParameterValue(LaunchConfiguration('seed'), value_type=int),
                'hidden.payload': ParameterValue(LaunchConfiguration('payload'), value_type=float),
                'publish_clock': ParameterValue(
                    LaunchConfiguration('use_sim_time'), value_type=bool
                ),
            },
        ],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen',
        emulate_tty=True,
    )
    return LaunchDescription(
        [
            SetEnvironmentVariable('RCUTILS_LOGGING_BUFFERED_STREAM', '1'),
            *ARGUMENTS,
            robot,
            OpaqueFunction(function=start),
        ]
    )
