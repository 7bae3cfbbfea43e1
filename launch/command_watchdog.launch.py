# SPDX-License-Identifier: Apache-2.0
"""Start command_watchdog, which stands between dynamics_node and an effort controller.

Give dynamics_node the parameters ``command_topic: /command_watchdog/input`` (with the namespace)
and ``controller_topic`` with the topic of the controller.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'lstm_dynamics_ros'

ARGUMENTS = (
    DeclareLaunchArgument('namespace', default_value='', description='Namespace of the robot.'),
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution(
            [FindPackageShare(PACKAGE), 'config', 'command_watchdog.yaml']
        ),
        description='Absolute path of the parameter file.',
    ),
    DeclareLaunchArgument(
        'command_topic',
        default_value='effort_controller/commands',
        description='Topic of the controller.',
    ),
    DeclareLaunchArgument(
        'respawn',
        default_value='true',
        choices=['true', 'false'],
        description='Start it again when it ends. It does not pick up a stream half way.',
    ),
    DeclareLaunchArgument('log_level', default_value='info', description='Log level.'),
)


def generate_launch_description() -> LaunchDescription:
    """Return what ``ros2 launch`` runs."""
    watchdog = Node(
        package=PACKAGE,
        executable='command_watchdog',
        name='command_watchdog',
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            ParameterFile(LaunchConfiguration('params_file'), allow_substs=True),
            {
                'command_topic': ParameterValue(
                    LaunchConfiguration('command_topic'), value_type=str
                ),
            },
        ],
        arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
        output='screen',
        emulate_tty=True,
        respawn=LaunchConfiguration('respawn'),
    )
    return LaunchDescription(
        [SetEnvironmentVariable('RCUTILS_LOGGING_BUFFERED_STREAM', '1'), *ARGUMENTS, watchdog]
    )
