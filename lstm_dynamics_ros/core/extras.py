# SPDX-License-Identifier: Apache-2.0
"""Which extra of the package brings each library that not everybody needs."""

ROS = (
    'rclpy',
    'builtin_interfaces',
    'diagnostic_msgs',
    'lifecycle_msgs',
    'rcl_interfaces',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
    'trajectory_msgs',
)
"""Part of every sourced ROS 2."""

EXTRAS = {
    'onnxruntime': 'ros',
    'torch': 'train',
    'onnx': 'train',
    'scipy': 'train',
    'matplotlib': 'train',
    'jinja2': 'train',
    'mujoco': 'sim',
    'pinocchio': 'physics',
    'ray': 'scale',
    'lstm_dynamics_bench': 'bench',
    **dict.fromkeys(ROS, 'rclpy'),
}
"""Name of the extra in ``setup.py``, by the name that the library is imported with."""
