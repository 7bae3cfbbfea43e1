# SPDX-License-Identifier: Apache-2.0
"""What an identification found: parameters, how sure they are, and how well they predict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.least_squares import impossible_links
from lstm_dynamics_ros.physics.friction import Friction
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior

MODELS = ('nominal', 'nominal + friction', 'identified', 'identified + friction')
"""What is compared: the URDF, its friction alone identified, its parameters alone, and both."""


class BaseValue(NamedTuple):
    """One base parameter."""

    name: str
    """The combination of standard parameters, in words."""
    value: float
    """Identified value [kg, kg m or kg m^2]."""
    nominal: float
    """Value by the URDF."""
    deviation: float
    """Standard deviation by ordinary least squares."""


class EffortTrace(NamedTuple):
    """Effort of one stretch over time, of models that have not seen it."""

    name: str
    """Name of the trajectory."""
    time: Vector
    """Time since the start [s], shape (n_rows,)."""
    measured: Matrix
    """Low-passed measured effort [N m] or [N], shape (n_rows, n_joints)."""
    predicted: Mapping[str, Matrix]
    """What the models say, by name of :data:`MODELS`, same shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Identification:
    """Identified parameters of a robot. Vectors have shape (n_joints,)."""

    nominal: RigidBodyPrior
    """The robot by its URDF."""
    parameters: Matrix
    """Standard parameters of the links, shape (n_joints, 10): the URDF's with the smallest change
    that explains the data."""
    armature: Vector
    """Inertia of the rotors seen at the joints [kg m^2] or [kg]."""
    friction: Friction
    """Friction of the joints."""
    deviations: Mapping[str, Vector]
    """Standard deviations of rotors and friction, by name."""
    base: tuple[BaseValue, ...]
    """Base parameters of links and rotors."""
    friction_count: int
    """How many parameters of friction were identified beside them."""
    condition: float
    """Condition number of the weighted regressor in base and friction parameters."""
    cutoff: float
    """Cut-off of the low-pass of motion and effort [Hz]."""
    strength: float
    """How strongly parameters were drawn to nominal."""
    share: float
    """Smoothing of the sign in deviations of the velocity."""
    folds: str
    """What was held out, in words."""
    held_out: Mapping[str, Vector]
    """RMSE on what was held out by name of :data:`MODELS` [N m] or [N]."""
    in_sample: Mapping[str, Vector]
    """RMSE on what was learned from."""
    effort: Vector
    """RMS of the measured effort [N m] or [N]."""
    above: Vector
    """RMS of what the low-pass took off the measured effort, mostly noise [N m] or [N]."""
    warnings: tuple[str, ...]
    """What a person should know."""
    traces: tuple[EffortTrace, ...] = field(repr=False)
    """Effort over time, for a figure."""

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The joints, in the order of every array."""
        return self.nominal.joint_names

    def relative(self, model: str) -> Vector:
        """Return the held-out error of a model over the size of the effort, (n_joints,)."""
        result: Vector = self.held_out[model] / self.effort
        return result

    def prior(self, *, friction: bool = False) -> RigidBodyPrior:
        """Return the identified robot.

        Args:
            friction: Whether friction counts as part of its torque.
        """
        return identified_robot(
            self.nominal,
            parameters=self.parameters,
            armature=self.armature,
            friction=self.friction if friction else None,
        )


def identified_robot(
    nominal: RigidBodyPrior, *, parameters: Matrix, armature: Vector, friction: Friction | None
) -> RigidBodyPrior:
    """Return a robot with other parameters than its URDF says.

    Args:
        nominal: The robot by its URDF.
        parameters: Standard parameters of the links, shape (n_joints, 10).
        armature: Inertia of the rotors seen at the joints [kg m^2] or [kg], shape (n_joints,).
        friction: What counts as part of its torque, if anything.
    """
    return RigidBodyPrior(
        nominal.urdf,
        nominal.joint_names,
        armature=armature,
        payload_link=nominal.payload_link,
        parameters=parameters,
        friction=friction,
        source=nominal.source,
    )


ILL_CONDITIONED = 200.0
"""Condition number from which parameters trade off against each other."""

UNSURE = 0.5
"""A friction whose standard deviation is a larger share of it may be none."""


def doubts(found: Identification) -> list[str]:
    """Return what a person should know of an identification, one sentence or two each."""
    names = found.joint_names
    result = []
    already = impossible_links(found.nominal.nominal, names)
    broken = [name for name in impossible_links(found.parameters, names) if name not in already]
    if already:
        result.append(
            f'In the URDF the inertia of the links of {_listed(already)} is that of no body '
            '(its pseudo-inertia is not positive definite).'
        )
    if broken:
        result.append(
            f'The identified inertia of the links of {_listed(broken)} is that of no body (its '
            'pseudo-inertia is not positive definite). Torques are right all the same, but a '
            'simulator will refuse it. A larger strength keeps it nearer to the URDF.'
        )
    if found.condition > ILL_CONDITIONED:
        result.append(
            f'The condition number of the regressor is {found.condition:.0f}, above '
            f'{ILL_CONDITIONED:.0f}: single parameters are not to be trusted, only the torque on '
            'motions like these. `lstm-dynamics excite` plans motions that tell them apart.'
        )
    deviation = found.deviations['coulomb']
    unsure = [
        name
        for name, value, spread in zip(names, found.friction.coulomb, deviation, strict=True)
        if spread > UNSURE * value
    ]
    if unsure:
        result.append(
            f'Coulomb friction of {_listed(unsure)} is not distinct from zero with certainty.'
        )
    best, nominal = found.held_out['identified + friction'], found.held_out['nominal']
    worse = [name for name, a, b in zip(names, best, nominal, strict=True) if a > b]
    if worse:
        result.append(
            'On what was held out the identified model is worse than the URDF for '
            f'{_listed(worse)}: record longer and more varied motions.'
        )
    return result


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f'{", ".join(names[:-1])} and {names[-1]}'
