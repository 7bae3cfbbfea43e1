# SPDX-License-Identifier: Apache-2.0
"""Inverse dynamics that are linear in their parameters, fitted to recordings alone.

::

    effort = G g(q) + F f(v) + sum_j a_j I_j i(q) + b

``g`` are products of sines and cosines of joints that follow each other: gravity of a serial chain
is a sum of such products. ``f`` are friction shapes ``tanh(k v)``, ``v`` and ``|v| v``; ``i`` are
one, sines and cosines of single joints, for the inertia. Nothing is known of the robot but the
types of its joints. Source: W. Khalil, E. Dombre, "Modeling, identification and control of
robots", 2002, ch. 12 (dynamics linear in the parameters, weighted least squares).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn, Tensor

LONGEST_PRODUCT = 4
"""Neighbouring joints in one product, first and last included."""

STEEPNESS = (0.6, 1.5, 6.0, 24.0)
"""Slopes k of the friction shapes, relative to the spread of each velocity: from a wide Stribeck
range to nearly a jump."""

STILL = 0.08
"""Speed below which a joint counts as still, relative to the spread of its velocity. There the
effort is stiction and depends little on the motion."""

STILL_WEIGHT = 0.02
"""Weight of rows where the joint is still in the least squares of its effort."""

RIDGE = 1e-4
"""Weight of the squared coefficients of normalised features beside the mean squared error."""


class MotionTensors(NamedTuple):
    """Position, velocity and acceleration of the same moments, each of shape (T, n_joints)."""

    position: Tensor
    velocity: Tensor
    acceleration: Tensor


class Linearised(NamedTuple):
    """Efforts at a motion and their slopes around it."""

    effort: Tensor
    """Shape (N, n_joints)."""
    slope: Tensor
    """Change of each effort with the motion, shape (N, n_joints, 3 n_joints)."""


class InverseRegression(nn.Module):
    """Effort as a linear function of hand-made features of the motion. All in float64.

    Args:
        joint_types: Type of each joint.
    """

    rate: Tensor
    stretch: Tensor
    posture_weight: Tensor
    friction_weight: Tensor
    inertia_weight: Tensor
    bias: Tensor

    def __init__(self, joint_types: Sequence[str]) -> None:
        super().__init__()
        self.n_joints = n = len(joint_types)
        self.turns = [kind != 'prismatic' for kind in joint_types]
        self.register_buffer('rate', torch.ones(n, dtype=torch.float64))
        self.register_buffer('stretch', torch.ones(n, dtype=torch.float64))
        posture, single = self._posture(torch.zeros(1, n, dtype=torch.float64))
        self.register_buffer(
            'posture_weight', torch.zeros(posture.shape[-1], n, dtype=torch.float64)
        )
        self.register_buffer(
            'friction_weight', torch.zeros((len(STEEPNESS) + 2) * n, n, dtype=torch.float64)
        )
        self.register_buffer(
            'inertia_weight', torch.zeros(single.shape[-1], n * n, dtype=torch.float64)
        )
        self.register_buffer('bias', torch.zeros(n, dtype=torch.float64))

    def features(self, motion: MotionTensors) -> Tensor:
        """Return all features of a motion, shape (T, n)."""
        posture, single = self._posture(motion.position)
        inertia = single.unsqueeze(-1) * motion.acceleration.unsqueeze(-2)
        friction = self._friction(motion.velocity)
        return torch.cat([posture, friction.flatten(-2), inertia.flatten(-2)], -1)

    def forward(self, motion: MotionTensors) -> Tensor:
        """Return the efforts of a motion, shape (T, n_joints)."""
        n = self.n_joints
        posture, single = self._posture(motion.position)
        mass = (single @ self.inertia_weight).reshape(-1, n, n)
        friction = self._friction(motion.velocity).flatten(-2) @ self.friction_weight
        inertia = (mass * motion.acceleration.unsqueeze(-1)).sum(-2)
        effort: Tensor = posture @ self.posture_weight + friction + inertia + self.bias
        return effort

    def linearise(self, motion: MotionTensors, step: Tensor) -> Linearised:
        """Return efforts and slopes, the slopes as differences over a step to either side.

        Differences as wide as the state is uncertain see a jump of friction for what it is.
        Source: M. Norgaard, N. Poulsen, O. Ravn, "New developments in state estimation for
        nonlinear systems", Automatica 36, 2000 (first-order divided differences).

        Args:
            motion: One motion per row, shape (N, n_joints) each.
            step: Step of position, velocity and acceleration, shape (N, 3 n_joints).
        """
        n = self.n_joints
        along = torch.eye(n, dtype=step.dtype)
        here = motion.position.unsqueeze(1)
        moved = step[:, :n].unsqueeze(2) * along
        posture, single = self._posture(torch.cat([here, here + moved, here - moved], 1))
        mass = (single @ self.inertia_weight).reshape(-1, 2 * n + 1, n, n)
        held = posture @ self.posture_weight
        held = held + (mass * motion.acceleration.reshape(-1, 1, n, 1)).sum(2)
        by_position = (held[:, 1 : n + 1] - held[:, n + 1 :]) / (2 * step[:, :n].unsqueeze(2))
        faster = step[:, n : 2 * n]
        rubbed = self._friction(
            torch.stack([motion.velocity, motion.velocity + faster, motion.velocity - faster], 1)
        )
        slopes = (rubbed[:, 1] - rubbed[:, 2]) / (2 * faster.unsqueeze(1))  # (N, shapes, n)
        shapes = len(STEEPNESS) + 2
        weight = self.friction_weight.reshape(1, shapes, n, n)
        by_velocity = (slopes.unsqueeze(3) * weight).sum(1)
        effort = held[:, 0] + rubbed[:, 0].flatten(-2) @ self.friction_weight + self.bias
        slope = torch.cat([by_position, by_velocity, mass[:, 0]], 1)
        return Linearised(effort, slope.transpose(1, 2))

    @torch.no_grad()
    def fit(
        self, motion: MotionTensors, effort: Tensor, spread: Tensor, *, ridge: float = RIDGE
    ) -> None:
        """Identify all parameters by weighted ridge regression, one joint after the other.

        Args:
            motion: Measured motion.
            effort: Efforts of the same moments, shape (T, n_joints).
            spread: Spread of positions and velocities in the data, shape (2, n_joints).
            ridge: Weight of the squared coefficients.
        """
        self.stretch.copy_(1 / spread[0])
        self.rate.copy_(1 / spread[1])
        raw = self.features(motion)
        mean, std = raw.mean(0), raw.std(0)
        std = torch.where(std < 1e-9, torch.ones_like(std), std)
        rows = torch.cat([(raw - mean) / std, torch.ones_like(raw[:, :1])], 1)
        found = []
        for joint in range(self.n_joints):
            moving = (motion.velocity[:, joint] * self.rate[joint]).abs() > STILL
            weight = torch.where(moving, 1.0, STILL_WEIGHT).double()
            penalty = torch.full((rows.shape[1],), ridge * float(weight.sum()), dtype=rows.dtype)
            penalty[-1] = 0.0
            gram = rows.T @ (rows * weight[:, None]) + torch.diag(penalty)
            found.append(torch.linalg.solve(gram, rows.T @ (weight * effort[:, joint])))
        solved = torch.stack(found, 1)
        weights = solved[:-1] / std[:, None]
        self.bias.copy_(solved[-1] - mean @ weights)
        posture, friction = len(self.posture_weight), len(self.friction_weight)
        self.posture_weight.copy_(weights[:posture])
        self.friction_weight.copy_(weights[posture : posture + friction])
        self.inertia_weight.copy_(
            weights[posture + friction :].reshape(len(self.inertia_weight), -1)
        )

    def _posture(self, position: Tensor) -> tuple[Tensor, Tensor]:
        """Return the products of the angles, and one and the functions of single joints."""
        single = []
        for joint, turns in enumerate(self.turns):
            angle = position[..., joint : joint + 1]
            single.append(
                torch.cat([torch.sin(angle), torch.cos(angle)], -1)
                if turns
                else angle * self.stretch[joint]
            )
        blocks = []
        for first in range(self.n_joints):
            begun = single[first]
            blocks.append(begun)
            for function in single[first + 1 : first + LONGEST_PRODUCT]:
                ended = (begun.unsqueeze(-1) * function.unsqueeze(-2)).flatten(-2)
                blocks.append(ended)
                begun = torch.cat([begun, ended], -1)
        ones = torch.ones_like(position[..., :1])
        return torch.cat(blocks, -1), torch.cat([ones, *single], -1)

    def _friction(self, velocity: Tensor) -> Tensor:
        """Return the friction shapes, shape (..., shapes, n_joints)."""
        speed = velocity * self.rate
        shapes = [torch.tanh(k * speed) for k in STEEPNESS]
        return torch.stack([*shapes, speed, speed.abs() * speed], -2)
