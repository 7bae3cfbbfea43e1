# SPDX-License-Identifier: Apache-2.0
"""Install the package the way colcon and pip expect it.

Each extra is what one kind of user needs: the node needs no torch and no mujoco, the trainer no
ROS. `rclpy` is Jazzy's own middleware from wheels, for machines without ROS; a sourced ROS 2
brings its own.
"""

from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

NAME = 'lstm_dynamics_ros'
BENCH = 'lstm_dynamics_bench'
# `colcon build --symlink-install` runs a link to this file in a folder that holds no README.
README = Path(__file__).resolve().with_name('README.md')
ROS = ['onnxruntime>=1.18']
SIM = ['mujoco-core>=4,<5']
TRAIN = [
    'torch==2.13.0',
    'onnx>=1.16',
    'onnxruntime>=1.18',
    'scipy>=1.11',
    'matplotlib>=3.8',
    'jinja2>=3.1',
]
PHYSICS = ['pin>=3']
# Workers of a cluster must have the very same.
SCALE = ['ray==2.60.0']
RCLPY = [
    'ros-jazzy-rclpy[fastrtps]',
    'ros-jazzy-sensor-msgs',
    'ros-jazzy-trajectory-msgs',
    'ros-jazzy-std-msgs',
    'ros-jazzy-std-srvs',
    'ros-jazzy-diagnostic-msgs',
    'ros-jazzy-rosgraph-msgs',
    'ros-jazzy-lifecycle-msgs',
]
# pytest 9 breaks Jazzy's launch_testing plugin.
TEST = [
    'pytest>=8,<9',
    'pytest-timeout',
    'pytest-xdist>=3.6',
    'hypothesis',
    'ruff',
    'mypy',
    'types-PyYAML',
    'types-tqdm',
]

setup(
    name=NAME,
    version='0.1.0',
    description='Learned joint dynamics: train offline, predict and correct online.',
    long_description=README.read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    maintainer='The lstm_dynamics_ros developers',
    maintainer_email='maintainers@lstm-dynamics-ros.dev',
    python_requires='>=3.11',
    packages=find_packages(include=[NAME, f'{NAME}.*', BENCH, f'{BENCH}.*']),
    package_data={
        NAME: ['py.typed'],
        BENCH: ['py.typed'],
        '': ['templates/*'],  # of pages, beside the code that fills them
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/launch', glob('launch/*.launch.py')),
        (f'share/{NAME}/config', glob('config/*.yaml')),
        (f'share/{NAME}/config/robots', glob('config/robots/*')),
        (f'share/{NAME}/config/mappings', glob('config/mappings/*')),
        (f'share/{NAME}/config/training', glob('config/training/*.yaml')),
        (f'share/{NAME}/config/training/real', glob('config/training/real/*.yaml')),
        (f'share/{NAME}/config/urdf', glob('config/urdf/*')),
        (f'share/{NAME}/config/search', glob('config/search/*')),
        (f'share/{NAME}/models', glob('models/*')),
    ],
    install_requires=[
        'setuptools',
        'msgspec>=0.18',
        'numpy>=1.26',
        'PyYAML>=6',
        'rosbags>=0.11.9',
        'mcap>=1.6',
        'tyro>=0.9',
        'tqdm>=4.66',
    ],
    extras_require={
        'ros': ROS,
        'rclpy': RCLPY,
        'sim': SIM,
        'train': TRAIN,
        'physics': PHYSICS,
        'scale': SCALE,
        'bench': TRAIN + SIM + PHYSICS,
        'test': TEST,  # colcon test runs pytest only if it is named here
    },
    zip_safe=False,
    entry_points={
        'console_scripts': [
            f'lstm-dynamics = {NAME}.cli.main:main',
            f'dynamics_node = {NAME}.ros.main:dynamics_node',
            f'command_watchdog = {NAME}.ros.main:command_watchdog',
            f'sim_node = {NAME}.ros.main:sim_node',
            f'recorder_node = {NAME}.ros.main:recorder_node',
        ],
        # What the second package adds to `lstm-dynamics`; the first never imports it by name.
        f'{NAME}.commands': [
            f'benchmark = {BENCH}.cli.benchmark:Benchmark',
            f'benchmark.real = {BENCH}.cli.real_benchmark:RealBenchmark',
        ],
        f'{NAME}.protocols': [f'published = {BENCH}.published.sets:PROTOCOLS'],
    },
)
