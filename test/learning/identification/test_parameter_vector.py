# SPDX-License-Identifier: Apache-2.0
"""Where the unknowns are."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.learning.identification.parameter_vector import Layout, layout, Unknowns
from lstm_dynamics_ros.learning.identification.regressor import Equations, equations, LOCAL
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]
BOTH = Unknowns(body=True, friction=True)


@pytest.fixture
def prior(planar: Make) -> RigidBodyPrior:
    return RigidBodyPrior(planar().urdf(), ('joint1', 'joint2'), armature=(0.1, 0.2))


@pytest.fixture
def made(planar: Make, recorded: Make, prior: RigidBodyPrior) -> list[Equations]:
    run = recorded(planar().torque, duration=5.0)
    return equations(prior, [run], cutoff=5.0, shares=(0.1,))[0][0]


def test_the_nominal_unknowns_are_those_of_the_robot(
    prior: RigidBodyPrior, made: list[Equations]
) -> None:
    plan = layout(prior, made, BOTH)
    np.testing.assert_array_equal(plan.links(plan.nominal), prior.nominal)
    joints = plan.joints(plan.nominal)
    np.testing.assert_array_equal(joints['armature'], [0.1, 0.2])
    assert not joints['coulomb'].any()


def test_unknowns_of_a_joint_touch_its_own_effort_alone(
    prior: RigidBodyPrior, made: list[Equations]
) -> None:
    plan = layout(prior, made, BOTH)
    values = 0 * plan.nominal
    values[20 + len(LOCAL) + LOCAL.index('offset')] = 0.7  # the offset of the second joint
    np.testing.assert_allclose(plan.torque(made[0], values), [[0.0, 0.7]] * len(made[0]))


def is_free(plan: Layout, column: int) -> list[bool]:
    """Return whether an unknown is free, for both joints."""
    return [bool(plan.free[20 + len(LOCAL) * joint + column]) for joint in range(2)]


@pytest.mark.parametrize(
    ('unknowns', 'links', 'local'),
    [
        (Unknowns(body=False, friction=False), False, [0, 0, 0, 0, 0]),
        (Unknowns(body=True, friction=False), True, [1, 0, 0, 0, 0]),
        (Unknowns(body=True, friction=False, rotor=False), True, [0, 0, 0, 0, 0]),
        (Unknowns(body=False, friction=True), False, [0, 1, 0, 1, 1]),
        (Unknowns(body=False, friction=True, offset=False), False, [0, 1, 0, 1, 0]),
        (Unknowns(body=True, friction=True, asymmetric=True), True, [1, 1, 1, 1, 1]),
        (Unknowns(body=False, friction=True, springs=True), False, [0, 1, 0, 1, 1, 1, 1, 1]),
    ],
)
def test_only_what_is_asked_for_is_free(
    prior: RigidBodyPrior,
    made: list[Equations],
    unknowns: Unknowns,
    links: bool,
    local: list[int],
) -> None:
    plan = layout(prior, made, unknowns)
    assert (plan.free[:20] == links).all()
    for column, free in enumerate(local):
        assert is_free(plan, column) == [bool(free)] * 2


def test_viscous_friction_is_one_unknown_unless_it_may_differ(
    prior: RigidBodyPrior, made: list[Equations]
) -> None:
    speed = made[0].local[:, 0, 1] + made[0].local[:, 0, 2]
    everything = np.ones(len(made[0]), bool)
    tied, _ = layout(prior, made, BOTH).rows(made[0], 0, everything)
    np.testing.assert_array_equal(tied[:, 21], speed)
    assert not tied[:, 22].any()
    free, _ = layout(prior, made, BOTH._replace(asymmetric=True)).rows(made[0], 0, everything)
    np.testing.assert_array_equal(free[:, 21] + free[:, 22], speed)


def test_a_joint_without_motion_or_effort_is_named(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    run = recorded(planar().torque, duration=5.0, effort_noise=0.0, position_noise=0.0)
    still = run._replace(position=run.position * [1.0, 0.0])
    made = equations(prior, [still], cutoff=5.0, shares=(0.1,))[0][0]
    with pytest.raises(DataError, match='no motion of joint2'):
        layout(prior, made, BOTH)
    dead = run._replace(effort=run.effort * [0.0, 1.0])
    made = equations(prior, [dead], cutoff=5.0, shares=(0.1,))[0][0]
    with pytest.raises(DataError, match='no effort of joint1'):
        layout(prior, made, BOTH)
