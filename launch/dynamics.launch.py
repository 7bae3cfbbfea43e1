# SPDX-License-Identifier: Apache-2.0
"""Start dynamics_node.

With ``autostart:=true`` the node configures and activates itself; with ``autostart:=false`` it
waits unconfigured for a lifecycle manager or ``ros2 lifecycle set``.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import FindPackageShare

PACKAGE = 'lstm_dynamics_ros'

ARGUMENTS = (
    DeclareLaunchArgument('namespace', default_value='', description='Namespace of the robot.'),
    DeclareLaunchArgument(
        'params_file',
        default_value=PathJoinSubstitution([FindPackageShare(PACKAGE), 'config', 'dynamics.yaml']),
        description='Absolute path of the parameter file.',
    ),
    DeclareLaunchArgument(
        'model',
        default_value='',
        description='Model file, or name of a model that comes along; empty for the one in '
        'params_file.',
    ),
    DeclareLaunchArgument(
        'reference',
        default_value='~/reference',
        description='Topic with the reference, where the robot should be.',
    ),
    DeclareLaunchArgument(
        'use_sim_time',
        default_value='false',
        choices=['true', 'false'],
        description='Take the time from /clock.',
    ),
    DeclareLaunchArgument(
        'autostart',
        default_value='true',
        choices=['true', 'false'],
        description='Let the node configure and activate itself.',
    ),
    DeclareLaunchArgument(
        'respawn',
        default_value='false',
        choices=['true', 'false'],
        description='Start the node again when it ends. It comes back disarmed.',
    ),
    DeclareLaunchArgument('log_level', default_value='info', description='Log level.'),
)


def start(context: LaunchContext) -> list[LifecycleNode]:
    """Return the node; a model is only passed on when one was given."""
    given: dict[str, object] = {
        name: ParameterValue(LaunchConfiguration(name), value_type=bool)
        for name in ('use_sim_time', 'autostart')
    }
    model = LaunchConfiguration('model').perform(context)
    if model:
        given['model'] = ParameterValue(model, value_type=str)
    return [
        LifecycleNode(
            package=PACKAGE,
            executable='dynamics_node',
            name='dynamics_node',
            namespace=LaunchConfiguration('namespace'),
            parameters=[
                ParameterFile(LaunchConfiguration('params_file'), allow_substs=True),
                given,
            ],
            remappings=[('~/reference', LaunchConfiguration('reference'))],
            arguments=['--ros-args', '--log-level', LaunchConfiguration('log_level')],
            output='screen',
            emulate_tty=True,
            respawn=LaunchConfiguration('respawn'),
            respawn_delay=2.0,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Return what ``ros2 launch`` runs."""
    return LaunchDescription(
        [
            SetEnvironmentVariable('RCUTILS_LOGGING_BUFFERED_STREAM', '1'),
            *ARGUMENTS,
            OpaqueFunction(function=start),
        ]
    )
