# SPDX-License-Identifier: Apache-2.0
"""A planar arm of two links in numpy, and recordings of it that were never near pinocchio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np
import pytest

GRAVITY = 9.81
LINK = """
<link name="link{k}"><inertial><origin xyz="0 0 {r}"/><mass value="{m}"/>
<inertia ixx="{i}" iyy="{i}" izz="0.004" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="joint{k}" type="revolute"><parent link="{parent}"/><child link="link{k}"/>
<origin xyz="0 0 {z}"/><axis xyz="0 1 0"/>
<limit lower="-3" upper="3" effort="50" velocity="5"/></joint>"""


@dataclass(frozen=True, kw_only=True)
class PlanarArm:
    """Two links that stand upright at zero and turn about y."""

    mass: tuple[float, float] = (2.0, 1.5)
    center: tuple[float, float] = (0.25, 0.2)
    inertia: tuple[float, float] = (0.03, 0.02)
    length: float = 0.5

    @property
    def dynamic_parameters(self) -> Vector:
        """``[I1 + m1 r1^2 + m2 l^2, I2 + m2 r2^2, m2 r2, m1 r1 + m2 l]``."""
        (m1, m2), (r1, r2), (i1, i2) = self.mass, self.center, self.inertia
        first = i1 + m1 * r1**2 + m2 * self.length**2
        return np.array([first, i2 + m2 * r2**2, m2 * r2, m1 * r1 + m2 * self.length])

    def regressor(self, q: Matrix, v: Matrix, a: Matrix) -> Matrix:
        """Return the torque per dynamic parameter, shape (n, 2, 4).

        Source: M. Spong, S. Hutchinson, M. Vidyasagar, "Robot modeling and control", 2006, ch.
        7.4, with gravity along the upright.
        """
        c, s, length = np.cos(q[:, 1]), np.sin(q[:, 1]), self.length
        result = np.zeros((len(q), 2, 4))
        result[:, 0, 0] = a[:, 0]
        result[:, :, 1] = a.sum(axis=1, keepdims=True)
        coriolis = 2 * v[:, 0] * v[:, 1] + v[:, 1] ** 2
        both = -GRAVITY * np.sin(q.sum(axis=1))
        result[:, 0, 2] = length * (c * (2 * a[:, 0] + a[:, 1]) - s * coriolis) + both
        result[:, 1, 2] = length * (c * a[:, 0] + s * v[:, 0] ** 2) + both
        result[:, 0, 3] = -GRAVITY * np.sin(q[:, 0])
        return result

    def torque(self, q: Matrix, v: Matrix, a: Matrix) -> Matrix:
        """Return the torque without friction, shape (n, 2)."""
        return self.regressor(q, v, a) @ self.dynamic_parameters

    def urdf(self) -> str:
        """Return it as a URDF."""
        rows = [
            LINK.format(
                k=k + 1,
                r=self.center[k],
                m=self.mass[k],
                i=self.inertia[k],
                parent=('base', 'link1')[k],
                z=(0, self.length)[k],
            )
            for k in range(2)
        ]
        return f'<robot name="planar"><link name="base"/>{"".join(rows)}</robot>'


class Recorded(NamedTuple):
    """What an identification is given."""

    name: str
    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    dt: float
    position: Matrix
    effort: Matrix


def record(
    torque: Callable[[Matrix, Matrix, Matrix], Matrix],
    *,
    n: int = 2,
    duration: float = 20.0,
    dt: float = 0.01,
    seed: int = 0,
    position_noise: float = 1e-5,
    effort_noise: float = 0.05,
    name: str = 'run',
) -> Recorded:
    """Return a multi-sine motion below 1 Hz with exact derivatives, and noise on what is seen."""
    random = np.random.default_rng(seed)
    time = np.arange(0.0, duration, dt)[:, None, None]
    rate = 2 * np.pi * random.uniform(0.05, 0.9, (1, 5, n))
    size, phase = random.uniform(0.1, 0.5, (1, 5, n)), random.uniform(0, 6, (1, 5, n))
    size /= np.maximum(1.0, rate / 2.0)
    angle = rate * time + phase
    motion = [
        (size * np.sin(angle)).sum(1),
        (size * rate * np.cos(angle)).sum(1),
        (-size * rate**2 * np.sin(angle)).sum(1),
    ]
    effort = torque(*motion)
    return Recorded(
        name,
        tuple(f'joint{k + 1}' for k in range(n)),
        ('revolute',) * n,
        dt,
        motion[0] + position_noise * random.normal(size=effort.shape),
        effort + effort_noise * random.normal(size=effort.shape),
    )


@pytest.fixture
def planar() -> type[PlanarArm]:
    """The class of planar arms."""
    return PlanarArm


@pytest.fixture
def recorded() -> Callable[..., Recorded]:
    """Make a recording of a torque."""
    return record
