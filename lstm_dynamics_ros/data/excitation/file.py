# SPDX-License-Identifier: Apache-2.0
"""Excitations as bags that can be played to a robot, as tables, and a summary of all of them."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.data.bags.cdr import FLOAT_ARRAY, TRAJECTORY
from lstm_dynamics_ros.data.bags.messages import float_array, joint_trajectory
from lstm_dynamics_ros.data.bags.writer import BagWriter
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits, VECTORS
from lstm_dynamics_ros.data.excitation.paths import STEP
from lstm_dynamics_ros.data.excitation.plan import Excitation, usage
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
import numpy as np
import yaml

TRAJECTORY_TOPIC = 'joint_trajectory_controller/joint_trajectory'
"""Where a joint trajectory controller listens."""

COMMAND_TOPIC = 'effort_controller/commands'
"""Where an effort interface listens."""

SUMMARY = 'excitation.yaml'

WARNING = (
    'Self-collision, cables, tools, tables and people are NOT checked. Look at the preview, start '
    'with a scale of 0.1, and keep a hand at the stop button of the robot.'
)


def write_excitation(
    excitation: Excitation,
    folder: Path,
    *,
    rate: float = 100.0,
    topic: str = TRAJECTORY_TOPIC,
    overwrite: bool = False,
) -> None:
    """Write a bag with one JointTrajectory message, and the same points as a table.

    The message is not stamped, so that a joint trajectory controller starts when it comes. Its
    points have positions, velocities and accelerations, which the controller joins by quintic
    splines.

    Args:
        excitation: What to write.
        folder: Where to; <name> (bag) and <name>.csv are made in it.
        rate: Points per second; a divisor of 1000 [Hz].
        topic: Topic of the message.
        overwrite: Whether files that are already there are replaced.

    Raises:
        ConfigError: If the rate does not fit.
        DataError: If something is there already.
    """
    every = round(1.0 / (rate * STEP)) if rate > 0 else 0
    if every < 1 or abs(every * rate * STEP - 1.0) > 1e-9 or (len(excitation) - 1) % every:
        raise ConfigError(
            f'The rate of the points must divide 1000 Hz and the duration, got {rate} Hz. '
            'Use 50, 100, 200 or 500.'
        )
    rows = slice(None, None, every)
    kinds = ('position', 'velocity', 'acceleration')
    signals = [getattr(excitation, kind)[rows] for kind in kinds]
    points = [dict(zip(kinds, row, strict=True)) for row in zip(*signals, strict=True)]
    table = folder / f'{excitation.name}.csv'
    if table.exists() and not overwrite:
        raise DataError(f'{table} exists already. Choose another folder, or --overwrite.')
    folder.mkdir(parents=True, exist_ok=True)
    message = joint_trajectory(0, excitation.joint_names, points, every * STEP)
    with BagWriter(folder / excitation.name, overwrite=overwrite) as bag:
        bag.write(topic, TRAJECTORY, 0, message)
    heads = [f'{kind}.{name}' for kind in kinds for name in excitation.joint_names]
    time = np.arange(len(points)) * every * STEP
    np.savetxt(
        table,
        np.hstack([time[:, None], *signals]),
        fmt='%.9g',
        delimiter=',',
        header=','.join(['time', *heads]),
        comments='',
    )


def write_probe(
    signal: Matrix,
    path: Path,
    *,
    period: float = 0.005,
    topic: str = COMMAND_TOPIC,
    overwrite: bool = False,
) -> None:
    """Write a bag with a probe, one Float64MultiArray per period.

    Args:
        signal: Efforts to add [N m] or [N] (n_steps, n_joints).
        path: Folder of the bag.
        period: Time between messages [s].
        topic: Topic of the messages.
        overwrite: Whether a bag that is already there is replaced.

    Raises:
        DataError: If something is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with BagWriter(path, overwrite=overwrite) as bag:
        for k, row in enumerate(signal):
            bag.write(topic, FLOAT_ARRAY, round(k * period * NANOSECONDS), float_array(row))


def write_summary(
    excitations: Sequence[Excitation],
    limits: ExcitationLimits,
    settings: ExcitationSettings,
    folder: Path,
) -> None:
    """Write what was made, from what, and how much of each limit it uses, as YAML."""
    summary = {
        'warning': WARNING,
        'joints': list(limits.joint_names),
        'limits': {name: to_plain(getattr(limits, name)) for name in VECTORS},
        'settings': to_plain(settings),
        'trajectories': {
            item.name: {
                'duration': round(item.duration, 3),
                'condition_number': round(item.condition, 3),
                'condition_number_of_first_draw': round(item.first_condition, 3),
                'shrunk_for_effort': round(item.shrunk, 4),
                'largest_share_of': {
                    kind: dict(zip(item.joint_names, _rounded(shares), strict=True))
                    for kind, shares in usage(item, limits).items()
                },
            }
            for item in excitations
        },
    }
    write_text(folder / SUMMARY, yaml.safe_dump(summary, sort_keys=False, width=99))


def _rounded(shares: Vector) -> list[float]:
    return [round(share, 3) for share in shares.tolist()]
