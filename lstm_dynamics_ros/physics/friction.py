# SPDX-License-Identifier: Apache-2.0
"""Static friction of the joints: Coulomb with a smooth sign, viscous, and a constant offset."""

from dataclasses import dataclass, fields
import json

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.json_data import from_json, to_plain
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Friction:
    """``coulomb tanh(dq / smoothing) + viscous dq + offset``, each with shape (n_joints,).

    Viscous friction may differ between the two directions; with the offset Coulomb friction does.
    The smooth sign stands in for the sign function, which no filter and no controller can follow.

    Source: A. Janot, P.-O. Vandanjon, M. Gautier, "A generic instrumental variable approach for
    industrial robot identification", IEEE Trans. Control Systems Technology 22(1), 2014 (linear
    in all parameters but the smoothing).
    """

    coulomb: Vector
    """Coulomb friction [N m] or [N]."""
    viscous: Vector
    """Viscous friction at positive velocity [N m s/rad] or [N s/m]."""
    viscous_back: Vector
    """Viscous friction at negative velocity [N m s/rad] or [N s/m]."""
    offset: Vector
    """What the effort is off by, e.g. of the current sensor [N m] or [N]."""
    smoothing: Vector
    """Velocity over which the sign is smoothed, above zero [rad/s] or [m/s]."""

    def __post_init__(self) -> None:
        shape = self.coulomb.shape
        for item in fields(self):
            values = getattr(self, item.name)
            if values.shape != shape or len(shape) != 1 or not np.isfinite(values).all():
                raise ConfigError(
                    f'Friction.{item.name} must be {shape} finite numbers, one per joint, '
                    f'got {values}.'
                )
        if not (self.smoothing > 0).all():
            raise ConfigError(f'Friction.smoothing must be > 0, got {self.smoothing}.')

    def torque(self, velocity: Matrix) -> Matrix:
        """Return the effort that friction takes [N m] or [N], shape (..., n_joints).

        Args:
            velocity: Joint velocities [rad/s] or [m/s], shape (..., n_joints).
        """
        viscous = np.where(velocity > 0, self.viscous, self.viscous_back)
        smooth = np.tanh(velocity / self.smoothing)
        total: Matrix = self.coulomb * smooth + viscous * velocity + self.offset
        return total

    def to_text(self) -> str:
        """Return it as one line for a model card."""
        return json.dumps(to_plain(self))

    @classmethod
    def from_text(cls, text: str) -> 'Friction':
        """Return the friction that a model card describes.

        Raises:
            ConfigError: If the text is not what :meth:`to_text` writes.
        """
        return from_json(cls, text, 'The friction', ConfigError)


class FrictionStep:
    """Adds friction to the effort of one row, again and again, without making arrays.

    Args:
        friction: What to add.
    """

    def __init__(self, friction: Friction) -> None:
        self._rate = 1.0 / friction.smoothing
        self._coulomb, self._offset = friction.coulomb, friction.offset
        self._mean = 0.5 * (friction.viscous + friction.viscous_back)
        self._skew = 0.5 * (friction.viscous - friction.viscous_back)
        self._skewed = bool(self._skew.any())
        self._term = np.empty_like(friction.coulomb)

    def add(self, velocity: Vector, torque: Vector) -> None:
        """Add the friction at a velocity to a torque in place, both of shape (n_joints,)."""
        term = self._term
        np.multiply(velocity, self._rate, out=term)
        np.tanh(term, out=term)
        term *= self._coulomb
        term += self._offset
        torque += term
        np.multiply(velocity, self._mean, out=term)
        torque += term
        if self._skewed:
            np.abs(velocity, out=term)
            term *= self._skew
            torque += term
