# SPDX-License-Identifier: Apache-2.0
"""Mapping files: which column of a table is which signal of which joint, in which unit.

``config/mappings/`` holds one for each published data set; ``docs/data.md`` tells how to write
one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
import itertools
import math
from pathlib import Path
import re

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.card import JOINT_TYPES
from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError, UnknownNameError
from lstm_dynamics_ros.core.parameters import build, flatten, parameter
import yaml

UNITS = {
    'rad': 1.0,
    'deg': math.pi / 180,
    'm': 1.0,
    'mm': 1e-3,
    'rad/s': 1.0,
    'deg/s': math.pi / 180,
    'rpm': math.pi / 30,
    'm/s': 1.0,
    'mm/s': 1e-3,
    'N m': 1.0,
    'mN m': 1e-3,
    'N': 1.0,
    'A': 1.0,
    'V': 1.0,
}
"""SI value of one of each unit. Currents and voltages stay what they are: give a ``scale``."""

EFFORT_SEMANTICS = ('joint_torque', 'motor_current', 'commanded')
"""What the effort of a robot may be."""


@dataclass(frozen=True, kw_only=True)
class SignalMapping:
    """Where one signal is in a table, and what it is measured in."""

    key: str = parameter(
        '', 'Array of a mat or npz file, with dots into structs; may hold placeholders of each.'
    )
    columns: tuple[str, ...] | tuple[float, ...] = parameter(
        (), 'Columns in joint order: names in a csv header, or numbers from 0; empty for all.'
    )
    unit: str = parameter('', 'Unit in the table; empty for SI.', choices=('', *UNITS))
    scale: float = parameter(1.0, 'Factor on the values, e.g. of a gear or a current.')
    scale_key: str = parameter('', 'Number in the file that the values are multiplied with too.')
    transpose: bool = parameter(False, 'Whether the array has one row per joint, not per time.')
    shift: int = parameter(
        0, 'How many rows later than its place in the table a value was measured.', unit='steps'
    )

    @property
    def given(self) -> bool:
        """Whether the table has this signal."""
        return bool(self.key or self.columns)

    @property
    def factor(self) -> float:
        """Factor to SI units, without ``scale_key``."""
        return self.scale * (UNITS[self.unit] if self.unit else 1.0)


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What a table holds, and how it becomes bags."""

    name: str = parameter('', 'Name of the data set.')
    description: str = parameter('', 'Robot, origin and licence, for the reader.')
    format: str = parameter('csv', 'Kind of file.', choices=('csv', 'mat', 'npz', 'rosbag2'))
    files: tuple[str, ...] = parameter(
        (),
        'Shell patterns below the source folder; train=*.csv notes that split.',
    )
    each: tuple[str, ...] = parameter(
        (), 'Several trajectories in a file: run=1,2,3 fills {run} in keys and trajectory_name.'
    )
    trajectory_name: str = parameter(
        '{stem}', 'Name of a trajectory; {stem} is the file, {split} its split, {block} its block.'
    )
    joint_names: tuple[str, ...] = parameter((), 'Joint names, in the order of the columns.')
    joint_types: tuple[str, ...] = parameter(
        ('revolute',), f'One for all joints or one for each, of {", ".join(JOINT_TYPES)}.'
    )
    effort_semantics: str = parameter(
        'joint_torque', 'What the effort is.', choices=EFFORT_SEMANTICS
    )
    dt: float = parameter(
        0.0, 'Time between rows, when there is no time column.', unit='s', minimum=0.0
    )
    time: SignalMapping = field(default_factory=SignalMapping)
    start: float = parameter(
        1.0, 'Stamp of the first row; not 0, which means unstamped in ROS.', unit='s', minimum=0.0
    )
    delimiter: str = parameter('', 'What separates columns of a csv file; empty for blanks.')
    header_rows: int = parameter(
        1, 'Rows of a csv file before the numbers; the last one has the names.', minimum=0
    )
    block_rows: int = parameter(
        0, 'Rows of one trajectory where several are in one array; 0 for one.', minimum=0
    )
    drop_zero_tail: bool = parameter(
        False, 'Whether rows at the end whose effort is exactly zero are padding.'
    )
    topic: str = parameter('', 'JointState topic of a rosbag2; empty for its only one.')
    position: SignalMapping = field(default_factory=SignalMapping)
    velocity: SignalMapping = field(default_factory=SignalMapping)
    effort: SignalMapping = field(default_factory=SignalMapping)
    reference: SignalMapping = field(default_factory=SignalMapping)
    """Position that the joints should have had."""

    def types(self, joints: int) -> tuple[str, ...]:
        """Return the type of each joint."""
        return self.joint_types * joints if len(self.joint_types) == 1 else self.joint_types

    def patterns(self) -> Iterator[tuple[str, str]]:
        """Yield (split, pattern) of the files; the split is empty if none is noted."""
        for item in self.files:
            match = re.fullmatch(r'(\w+)=(.+)', item)
            yield (match.group(1), match.group(2)) if match else ('', item)

    def parts(self) -> Iterator[dict[str, str]]:
        """Yield the placeholders of every part of a file."""
        choices = []
        for item in self.each:
            name, _, values = item.partition('=')
            choices.append([(name.strip(), value.strip()) for value in values.split(',')])
        for combination in itertools.product(*choices):
            yield dict(combination)


def load_mapping(path: Path | str) -> Mapping:
    """Read a mapping file.

    Args:
        path: The file, or the name of one that comes with the package, like kuka_lwr.

    Raises:
        UnknownNameError: If it is neither a file nor the name of one.
        ConfigError: If it is not a valid mapping; the message names file, key and value.
    """
    known = assets('config/mappings', '*.yaml')
    file = known.get(str(path), Path(path))
    if not file.is_file():
        raise UnknownNameError('mapping file', str(path), known)
    try:
        content = yaml.safe_load(file.read_text(encoding='utf-8'))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f'{file} is not valid YAML: {" ".join(str(error).split())}') from error
    if not isinstance(content, dict):
        raise ConfigError(f'{file} must hold keys with values, got {type(content).__name__}.')
    try:
        mapping = build(Mapping, flatten(content))
        _check(mapping)
    except LstmDynamicsError as error:
        raise ConfigError(f'{file}: {error}') from error
    return mapping


def _check(mapping: Mapping) -> None:
    """Check what one key alone cannot tell."""
    if not mapping.files:
        raise ConfigError('files is missing: which files are there, e.g. [Training/*.csv].')
    for kind in mapping.joint_types:
        if kind not in JOINT_TYPES:
            raise UnknownNameError('joint_types', kind, JOINT_TYPES)
    if mapping.format == 'rosbag2':
        return
    if not mapping.joint_names:
        raise ConfigError('joint_names is missing: the joints in the order of the columns.')
    joints = len(mapping.joint_names)
    if len(mapping.joint_types) not in (1, joints):
        raise ConfigError(
            f'joint_types must have one entry or {joints}, got {len(mapping.joint_types)}.'
        )
    if not mapping.position.given:
        raise ConfigError('position is missing: a key, or the columns of a csv file.')
    if mapping.time.given == (mapping.dt > 0):
        raise ConfigError('give either dt or time, so that every row has a stamp.')
    for name in ('position', 'velocity', 'effort', 'reference'):
        columns = getattr(mapping, name).columns
        if columns and len(columns) != joints:
            raise ConfigError(f'{name}.columns must have {joints} entries, got {len(columns)}.')
    for item in mapping.each:
        if '=' not in item:
            raise ConfigError(f'each must have entries like run=1,2,3, got {item!r}.')
