# SPDX-License-Identifier: Apache-2.0
"""The parameters of a rigid-body model: what they are, their checks, and their text in a card."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.physics.friction import Friction
import numpy as np

STANDARD_PARAMETERS = ('m', 'mx', 'my', 'mz', 'Ixx', 'Ixy', 'Iyy', 'Ixz', 'Iyz', 'Izz')
"""Standard parameters of one link: mass [kg], first moments [kg m] and inertia [kg m^2], the last
two about the origin of its joint and along the axes of the link."""


def checked_armature(given: Sequence[float] | Vector | None, names: Sequence[str]) -> Vector:
    """Return the inertia of the rotors, zero where none is given, shape (n_joints,)."""
    values = np.zeros(len(names)) if given is None else np.array(given, np.float64)
    if values.shape != (len(names),) or not (values >= 0).all():
        raise ConfigError(
            f'armature must be one number >= 0 for each of {list(names)}, got {given}.'
        )
    return values


def checked_parameters(given: Matrix, n: int) -> Matrix:
    """Return standard parameters of n links, shape (n, 10), if they can be."""
    shape = (n, len(STANDARD_PARAMETERS))
    if given.shape != shape or not np.isfinite(given).all():
        raise ConfigError(f'parameters must be {shape} finite numbers, got {given.shape}.')
    if not (given[:, 0] > 0).all():
        raise ConfigError(f'Every mass must be > 0, got {given[:, 0]}.')
    return np.array(given, np.float64)


def as_text(values: Matrix) -> str:
    """Return numbers as a model card holds them, with full precision."""
    return ' '.join(repr(float(value)) for value in values.ravel())


def urdf_of(description: Mapping[str, str]) -> str:
    """Return the text of the URDF in a description, if it is the one that it names."""
    text = description.get('urdf', '')
    if sha256(text.encode()).hexdigest() != description.get('sha256'):
        raise DataError(
            'The model card does not hold the URDF of its rigid-body prior. Export again.'
        )
    return text


def identified(description: Mapping[str, str]) -> dict[str, Any]:
    """Return what a description holds beside the URDF, as arguments of the prior."""
    parameters = _numbers(description, 'parameters')
    friction = description.get('friction', '')
    return {
        'armature': _numbers(description, 'armature'),
        'payload_link': description.get('payload_link') or None,
        'parameters': None if parameters is None else _rows_of_ten(parameters),
        'friction': Friction.from_text(friction) if friction else None,
    }


def _numbers(description: Mapping[str, str], key: str) -> Vector | None:
    """Return numbers of a description, None if there are none."""
    values = np.array([float(value) for value in description.get(key, '').split()])
    return values if len(values) else None


def _rows_of_ten(values: Vector) -> Matrix:
    """Return standard parameters by link; what does not fit is refused by its shape."""
    links, rest = divmod(len(values), len(STANDARD_PARAMETERS))
    return values.reshape(1, -1) if rest else values.reshape(links, -1)
