# SPDX-License-Identifier: Apache-2.0
"""An identified robot as a YAML file: readable, with the URDF it was made from in it."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.result import Identification
from lstm_dynamics_ros.physics.friction import Friction
from lstm_dynamics_ros.physics.parameters import STANDARD_PARAMETERS
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import yaml

KIND = 'lstm_dynamics_ros identified robot'
"""First entry of such a file."""

VERSION = 1

FRICTION = ('coulomb', 'viscous', 'viscous_back', 'offset', 'smoothing')

HEAD = """\
# Identified robot, written by lstm-dynamics identify. SI units.
# links: mass m, first moments mx my mz and inertia about the joint, axes of the link.
# friction: coulomb tanh(dq / smoothing) + viscous dq + offset; viscous_back where dq < 0.
# Use it with: lstm-dynamics train --identified THIS_FILE
"""


class _Block(str):
    """Text that is written as a block of lines."""

    __slots__ = ()


class _Writer(yaml.SafeDumper):
    """Writes a :class:`_Block` line by line."""


def _block(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    return writer.represent_scalar('tag:yaml.org,2002:str', str(text), style='|')


_Writer.add_representer(_Block, _block)


def write_identified(
    path: Path, found: Identification, sources: Mapping[str, str] | None = None
) -> None:
    """Write an identified robot.

    Args:
        path: Where to; an existing file is replaced.
        found: What was identified.
        sources: sha256 by name of the recordings it was identified from.
    """
    text = HEAD + yaml.dump(
        content(found, sources), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100
    )
    write_text(path, text)


def content(found: Identification, sources: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what a file of an identified robot holds."""
    prior, names = found.nominal, found.joint_names
    friction = {name: getattr(found.friction, name) for name in FRICTION}
    return {
        'kind': KIND,
        'version': VERSION,
        'robot': {
            'source': prior.source,
            'sha256': prior.sha256,
            'payload_link': prior.payload_link,
        },
        'data': dict(sources or {}),
        'joint_names': list(names),
        'identification': {
            'base_parameters': len(found.base),
            'friction_parameters': found.friction_count,
            'condition_number': _finite(found.condition),
            'cutoff_hz': round(found.cutoff, 4),
            'strength': found.strength,
            'smoothing_share': found.share,
            'held_out': found.folds,
        },
        'held_out_rmse': _by_joint(names, found.held_out),
        'in_sample_rmse': _by_joint(names, found.in_sample),
        'effort_rms': _row(names, found.effort),
        'above_cutoff_rms': _row(names, found.above),
        'warnings': list(found.warnings),
        'friction': _by_joint(names, friction),
        'armature': _row(names, found.armature),
        'standard_deviations': _by_joint(names, found.deviations),
        'links': {
            name: dict(zip(STANDARD_PARAMETERS, row.tolist(), strict=True))
            for name, row in zip(names, found.parameters, strict=True)
        },
        'base_parameters': [
            item._asdict() | {'deviation': _finite(item.deviation)} for item in found.base
        ],
        'urdf': _Block(prior.urdf),
    }


def read_identified(
    path: Path, *, friction: bool = False, joint_names: Sequence[str] | None = None
) -> RigidBodyPrior:
    """Return the robot of a file.

    Args:
        path: A file that :func:`write_identified` wrote.
        friction: Whether its friction counts as part of its torque.
        joint_names: Order of the joints; None for the file's. They must be the same joints,
            because what moved with them was identified together.

    Raises:
        DataError: If it is no such file, or was changed so that it does not fit together.
        JointNamesError: If it is of other joints.
        MissingLibraryError: If pinocchio is not installed.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f'Cannot read {path}: {" ".join(str(error).split())}.') from error
    if not isinstance(values, Mapping) or values.get('kind') != KIND:
        raise DataError(
            f'{path} is no identified robot. Make one with lstm-dynamics identify BAG --urdf FILE.'
        )
    try:
        known = [str(name) for name in values['joint_names']]
        names = known if joint_names is None else list(joint_names)
        if sorted(names) != sorted(known):
            raise JointNamesError(names, known)
        urdf, robot = str(values['urdf']), values['robot']
        if sha256(urdf.encode()).hexdigest() != robot['sha256']:
            raise DataError(f'{path}: its URDF is not the one it names. Identify again.')
        rub = {key: _numbers(names, values['friction'][key]) for key in FRICTION}
        links = [_numbers(STANDARD_PARAMETERS, values['links'][name]) for name in names]
        armature = _numbers(names, values['armature'])
        link, source = str(robot['payload_link']), str(robot['source'])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f'{path} is not whole: {error!r} is missing or wrong.') from error
    return RigidBodyPrior(
        urdf,
        names,
        armature=armature,
        payload_link=link,
        parameters=np.array(links),
        friction=Friction(**rub) if friction else None,
        source=source,
    )


def _finite(value: float) -> float | None:
    """Return a figure, none where the data say nothing; JSON knows no infinity."""
    return value if math.isfinite(value) else None


def _row(names: tuple[str, ...], values: Vector) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _by_joint(names: tuple[str, ...], rows: Mapping[str, Vector]) -> dict[str, dict[str, float]]:
    return {key: _row(names, values) for key, values in rows.items()}


def _numbers(names: tuple[str, ...] | list[str], values: Mapping[str, float]) -> Matrix:
    return np.array([float(values[name]) for name in names])
