# SPDX-License-Identifier: Apache-2.0
"""All unknowns of a robot in one vector: the parameters of its links, then those of its joints."""

from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.least_squares import usual_size
from lstm_dynamics_ros.learning.identification.regressor import Equations, FRICTION, LOCAL, SPRING
from lstm_dynamics_ros.physics.friction import Friction
from lstm_dynamics_ros.physics.parameters import STANDARD_PARAMETERS
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
from numpy.typing import NDArray

LEAST_MASS = 0.1
"""A link keeps at least this share of its mass: lighter ones make no inertia about a centre."""

FLATTEST = 1e-3
"""Least size of a joint's position that its spring is measured by [rad] or [m]."""

FRICTION_SHARE = 0.3
"""Friction is expected to take about this share of the effort of a joint."""


class Unknowns(NamedTuple):
    """What is to be identified; a part that is not keeps its nominal value."""

    body: bool
    """Parameters of the links and inertia of the rotors."""
    friction: bool
    """Friction of the joints."""
    rotor: bool = True
    """Inertia of the rotors, if the body is identified."""
    offset: bool = True
    """A constant offset, if friction is identified."""
    asymmetric: bool = False
    """Viscous friction that differs between the directions, if friction is identified."""
    springs: bool = False
    """An effort of every joint by its own position, if friction is identified."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where which unknown is, and what is known of it beforehand. All have shape (n_columns,).

    Columns: ten standard parameters for each joint's link, then for every joint
    :data:`~lstm_dynamics_ros.learning.identification.regressor.LOCAL`.
    """

    n_joints: int
    """Number of joints."""
    nominal: Vector
    """Values without evidence: those of the URDF, no friction."""
    size: Vector
    """What change counts as one."""
    lower: Vector
    """Least values that make sense."""
    free: NDArray[np.bool_]
    """Which are identified."""
    tied: bool
    """Whether viscous friction is the same in both directions."""

    def rows(self, made: Equations, joint: int, kept: NDArray[np.bool_]) -> tuple[Matrix, Vector]:
        """Return the equations of one joint in all columns, shape (n_kept, n_columns)."""
        n_body = self.n_joints * len(STANDARD_PARAMETERS)
        first = n_body + joint * len(LOCAL)
        matrix = np.zeros((int(kept.sum()), len(self.nominal)))
        matrix[:, :n_body] = made.body[kept, joint]
        matrix[:, first : first + len(LOCAL)] = made.local[kept, joint]
        if self.tied:
            forward, back = (first + LOCAL.index(name) for name in ('viscous', 'viscous_back'))
            matrix[:, forward] += matrix[:, back]
            matrix[:, back] = 0.0
        return matrix, made.effort[kept, joint]

    def torque(self, made: Equations, values: Vector) -> Matrix:
        """Return the low-passed effort that values explain, shape (n_rows, n_joints)."""
        everything = np.ones(len(made), bool)
        columns = [self.rows(made, j, everything)[0] @ values for j in range(self.n_joints)]
        return np.stack(columns, axis=1)

    def links(self, values: Vector) -> Matrix:
        """Return the standard parameters of the links, shape (n_joints, 10)."""
        n = self.n_joints
        return values[: n * len(STANDARD_PARAMETERS)].reshape(n, -1)

    def joints(self, values: Vector) -> dict[str, Vector]:
        """Return the parameters of the joints by name, each (n_joints,)."""
        rows = values[self.n_joints * len(STANDARD_PARAMETERS) :].reshape(self.n_joints, -1)
        named = {name: rows[:, k].copy() for k, name in enumerate(LOCAL)}
        if self.tied:
            named['viscous_back'] = named['viscous'].copy()
        return named

    def friction(self, values: Vector, smoothing: Vector) -> Friction:
        """Return the friction of the joints."""
        named = self.joints(values)
        return Friction(**{name: named[name] for name in FRICTION}, smoothing=smoothing)


def layout(prior: RigidBodyPrior, made: list[Equations], unknowns: Unknowns) -> Layout:
    """Return the unknowns of a robot.

    Args:
        prior: The robot as its URDF says.
        made: Equations, for how large effort, velocity and acceleration are.
        unknowns: What is to be identified.

    Raises:
        DataError: If a joint stands still or has no effort.
    """
    n = len(prior.joint_names)
    effort = _rms(np.concatenate([item.effort for item in made]))
    local = np.concatenate([item.local for item in made])
    acceleration = _rms(local[:, :, LOCAL.index('armature')])
    velocity = _rms(np.concatenate([item.velocity for item in made]))
    for what, values in (('motion', velocity), ('effort', effort)):
        if still := [name for name, v in zip(prior.joint_names, values, strict=True) if v <= 0]:
            raise DataError(
                f'There is no {what} of {", ".join(still)} to identify anything from. '
                'Leave joints out with --joints, or record them.'
            )
    place = np.maximum(_rms(local[:, :, LOCAL.index('spring')]), FLATTEST)
    share = FRICTION_SHARE * effort
    by_joint = {
        'armature': share / acceleration,
        'viscous': share / velocity,
        'viscous_back': share / velocity,
        'coulomb': share,
        'offset': share,
        'spring_sin': share,
        'spring_cos': share,
        'spring': share / place,
    }
    local_size = np.stack([by_joint[name] for name in LOCAL], axis=1)
    local_nominal = np.zeros((n, len(LOCAL)))
    local_nominal[:, 0] = prior.armature
    local_lower = np.zeros((n, len(LOCAL)))
    for name in ('offset', *SPRING):
        local_lower[:, LOCAL.index(name)] = -np.inf
    body_lower = np.full((n, len(STANDARD_PARAMETERS)), -np.inf)
    body_lower[:, 0] = LEAST_MASS * np.maximum(prior.nominal[:, 0], 1e-6)
    free_by_name = {
        'armature': unknowns.body and unknowns.rotor,
        'viscous': unknowns.friction,
        'viscous_back': unknowns.friction and unknowns.asymmetric,
        'coulomb': unknowns.friction,
        'offset': unknowns.friction and unknowns.offset,
    } | dict.fromkeys(SPRING, unknowns.friction and unknowns.springs)
    local_free = np.array([free_by_name[name] for name in LOCAL])
    return Layout(
        n_joints=n,
        nominal=np.concatenate([prior.nominal.ravel(), local_nominal.ravel()]),
        size=np.concatenate([usual_size(prior.nominal).ravel(), local_size.ravel()]),
        lower=np.concatenate([body_lower.ravel(), local_lower.ravel()]),
        free=np.concatenate([np.full(prior.nominal.size, unknowns.body), np.tile(local_free, n)]),
        tied=not unknowns.asymmetric,
    )


def _rms(values: Matrix) -> Vector:
    """Return the root mean square of every column."""
    result: Vector = np.sqrt(np.mean(values**2, axis=0))
    return result
