# SPDX-License-Identifier: Apache-2.0
"""Fitted inverse dynamics against a two-link arm in closed form, and slopes against autograd."""

from lstm_dynamics_ros.learning.torque_observer.inverse_regression import (
    InverseRegression,
    MotionTensors,
)
import torch
from torch import Tensor

TYPES = ('revolute', 'revolute')


def random_motion(seed: int, rows: int = 600) -> MotionTensors:
    generator = torch.Generator().manual_seed(seed)
    parts = (torch.randn(rows, 2, generator=generator, dtype=torch.float64) for _ in range(3))
    return MotionTensors(*parts)


def arm_effort(motion: MotionTensors) -> Tensor:
    """Return the efforts of two links in a vertical plane, without Coriolis terms, by hand.

    Relative angles q1, q2; the inertia matrix of the double pendulum and its gravity.
    """
    q, v, a = motion
    c2 = torch.cos(q[:, 1])
    shoulder = (2.0 + 0.8 * c2) * a[:, 0] + (0.5 + 0.4 * c2) * a[:, 1]
    elbow = (0.5 + 0.4 * c2) * a[:, 0] + 0.5 * a[:, 1]
    tip = 3.0 * torch.sin(q[:, 0] + q[:, 1])
    inertia = torch.stack([shoulder + 9.0 * torch.sin(q[:, 0]) + tip, elbow + tip], 1)
    return inertia + torch.tensor([0.7, 0.3]) * v


def fitted(ridge: float = 1e-10) -> InverseRegression:
    motion = random_motion(1)
    model = InverseRegression(TYPES)
    spread = torch.stack([motion.position.std(0), motion.velocity.std(0)])
    model.fit(motion, arm_effort(motion), spread, ridge=ridge)
    return model


def test_the_fit_finds_the_dynamics_of_a_two_link_arm() -> None:
    fresh = random_motion(2)
    torch.testing.assert_close(fitted()(fresh), arm_effort(fresh), rtol=1e-5, atol=1e-4)


def test_the_fit_finds_the_parameters_where_they_are_told_apart() -> None:
    model = fitted()
    n = model.n_joints
    # Inertia: rows one, sin q1, cos q1, sin q2, cos q2; columns accelerating x torque joint.
    mass = model.inertia_weight.reshape(-1, n, n)
    expected = torch.zeros(5, n, n, dtype=torch.float64)
    expected[0] = torch.tensor([[2.0, 0.5], [0.5, 0.5]])
    expected[4] = torch.tensor([[0.8, 0.4], [0.4, 0.0]])
    torch.testing.assert_close(mass, expected, rtol=0, atol=1e-5)


def test_features_times_weights_are_the_effort() -> None:
    model, motion = fitted(), random_motion(3)
    weights = torch.cat(
        [model.posture_weight, model.friction_weight, model.inertia_weight.reshape(-1, 2)]
    )
    torch.testing.assert_close(model.features(motion) @ weights + model.bias, model(motion))


def test_slopes_over_a_short_step_are_the_derivatives() -> None:
    model, motion = fitted(), random_motion(4, rows=3)
    found = model.linearise(motion, torch.full((3, 6), 1e-5, dtype=torch.float64))
    torch.testing.assert_close(found.effort, model(motion))
    for row in range(3):
        point = torch.cat([part[row] for part in motion])

        def effort(x: Tensor) -> Tensor:
            found: Tensor = model(MotionTensors(x[None, :2], x[None, 2:4], x[None, 4:]))
            return found[0]

        slope = torch.func.jacrev(effort)(point)
        torch.testing.assert_close(found.slope[row], slope, rtol=1e-4, atol=1e-4)


def test_a_sliding_joint_is_seen_as_it_is_not_by_its_sine() -> None:
    motion = random_motion(5)
    spring = 4.0 * motion.position + 0.5 * motion.acceleration
    model = InverseRegression(('prismatic', 'prismatic'))
    spread = torch.stack([motion.position.std(0), motion.velocity.std(0)])
    model.fit(motion, spring, spread, ridge=1e-10)
    far = MotionTensors(*(3 * part for part in random_motion(6)))
    expected = 4.0 * far.position + 0.5 * far.acceleration
    torch.testing.assert_close(model(far), expected, rtol=1e-4, atol=1e-3)


def test_dynamics_fitted_with_their_mirror_image_are_symmetric() -> None:
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    motion = random_motion(7)
    effort = torch.randn(600, 2, dtype=torch.float64)
    both = MotionTensors(*(torch.cat([part, part * signs]) for part in motion))
    model = InverseRegression(TYPES)
    spread = torch.stack([motion.position.std(0), motion.velocity.std(0)])
    model.fit(both, torch.cat([effort, effort * signs]), spread)
    fresh = random_motion(8)
    mirrored = model(MotionTensors(*(part * signs for part in fresh)))
    torch.testing.assert_close(mirrored, model(fresh) * signs)
