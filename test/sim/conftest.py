# SPDX-License-Identifier: Apache-2.0
"""Robots that tests of ``sim`` share."""

from importlib.util import find_spec

from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.robot import (
    Body,
    Cogging,
    Joint,
    known_robots,
    Link,
    load_robot,
    LuGreFriction,
    Payload,
    RobotDescription,
)
import pytest

# Without the engine only the rest of ``sim`` can be tested.
collect_ignore = (
    []
    if find_spec('mujoco')
    else [
        'test_friction.py',
        'test_inner_law.py',
        'test_mjcf.py',
        'test_nominal.py',
        'test_plant.py',
        'test_simulate.py',
        'test_simulated_robot.py',
    ]
)


@pytest.fixture(params=known_robots())
def robot(request: pytest.FixtureRequest) -> RobotDescription:
    return load_robot(request.param)


@pytest.fixture
def turntable() -> RobotDescription:
    """One joint about a vertical axis: no gravity, inertia 0.5 kg m^2 in all."""
    friction = LuGreFriction(
        coulomb=1.0, static=1.5, viscous=0.6, bristle_stiffness=600.0, bristle_damping=3.0
    )
    joint = Joint(
        name='turn',
        type='continuous',
        effort_limit=10.0,
        velocity_limit=3.0,
        armature=0.1,
        amplitude=1.0,
        stiffness=80.0,
        damping=8.0,
        friction=friction,
        cogging=Cogging(amplitude=0.2, periods=50.0, phase=0.3),
    )
    disc = Link(name='disc', mass=4.0, inertia=(0.2, 0.2, 0.399, 0.0, 0.0, 0.0), joint=joint)
    return RobotDescription(
        name='turntable',
        base=Body(name='stand'),
        links=(disc,),
        tool=Body(name='pin', mass=0.001, inertia=(0.001, 0.001, 0.001, 0.0, 0.0, 0.0)),
        payload=Payload(maximum=2.0),
        hidden=HiddenPhysics(lag=0.003, delay=0.002),
    )
