# SPDX-License-Identifier: Apache-2.0
"""Trajectories that make a robot show its dynamics, within its limits.

Self-collision and obstacles are NOT looked at: only a person who knows the cell can. That is what
``scale`` is for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.paths import (
    joined,
    multi_sine,
    point_to_point,
    Room,
    slow_reversals,
    STEP,
)
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
from lstm_dynamics_ros.signals.joint_path import JointPath, path_at_rest
import numpy as np

Efforts = Callable[[Matrix, Matrix, Matrix], Matrix]
"""Efforts [N m] or [N] of positions, velocities, accelerations, all (n_steps, n_joints)."""


REST = 0.5
"""Stay at home at the start, between parts and at the end [s]."""

PARTS = {'multi_sine': 0.6, 'slow_reversals': 0.2, 'point_to_point': 0.2}
"""Share of each part in the time."""

COARSE = 20
"""Candidates are compared, and fitted to the efforts, on every so many rows."""

BISECTIONS = 10

ROUNDING = 1e-9
"""A way shorter than this is none [rad] or [m]."""

LARGEST_SHARE = 0.95
"""No joint goes farther than this share of the way from home to the end of its range."""

FRICTION_SPEED = 0.02
"""Share of the allowed speed at which friction has turned over, in the condition number."""


@dataclass(frozen=True, kw_only=True)
class Excitation:
    """One trajectory at 1 kHz. Every matrix has shape (n_steps, n_joints)."""

    name: str
    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    position: Matrix
    """[rad] or [m]"""
    velocity: Matrix
    """[rad/s] or [m/s]"""
    acceleration: Matrix
    """[rad/s^2] or [m/s^2]"""
    effort: Matrix | None
    """By the rigid-body model [N m] or [N]; None without one."""
    condition: float
    """Condition number of the multi-sine's regressors, columns scaled to length one."""
    first_condition: float
    """That of the first multi-sine drawn."""
    shrunk: float
    """By how much the efforts made the excursion smaller, 1 for not at all."""

    def __len__(self) -> int:
        return len(self.position)

    @property
    def duration(self) -> float:
        """How long it takes [s]."""
        return (len(self) - 1) * STEP


def excitations(
    limits: ExcitationLimits,
    settings: ExcitationSettings,
    *,
    efforts: Efforts | None = None,
    progress: Progress = no_progress,
) -> Iterator[Excitation]:
    """Yield trajectories from home to home.

    Args:
        limits: What the joints can stand; only acceleration and effort may be unknown.
        settings: How the robot is excited.
        efforts: Its rigid-body model; None without, then only accelerations are limited.
        progress: Called after every trajectory.

    Raises:
        ConfigError: If a limit is missing, home is outside or its efforts are too large already.
    """
    room, home = room_at(limits, settings), limits.home
    if efforts is not None:
        _check_home(limits, settings, efforts)
    for number in range(settings.trajectories):
        rng = np.random.default_rng((settings.seed, number))
        path, condition, first = _best_path(room, settings, rng)
        path = path.scaled(settings.scale)
        shrunk = 1.0
        if efforts is not None:
            shrunk = _fit(path, home, settings.effort_share * limits.effort, efforts)
            path = path.scaled(shrunk)
        position = home + path.position
        excitation = Excitation(
            name=f'excite_{number:02d}',
            joint_names=limits.joint_names,
            joint_types=limits.joint_types,
            position=position,
            velocity=path.velocity,
            acceleration=path.acceleration,
            effort=efforts(position, path.velocity, path.acceleration) if efforts else None,
            condition=condition,
            first_condition=first,
            shrunk=shrunk,
        )
        _verify(excitation, limits)
        yield excitation
        progress(number + 1, settings.trajectories, 'excitation')


def usage(excitation: Excitation, limits: ExcitationLimits) -> dict[str, Vector]:
    """Return the largest share of every limit that is used, by kind, (n_joints,).

    Of positions it is the share of the way from home to the end of the range, NaN without end.

    Args:
        excitation: What to look at, row by row.
        limits: What its joints can stand.
    """
    way = excitation.position - limits.home
    position = np.maximum(
        _share(way.max(axis=0), limits.upper - limits.home),
        _share(-way.min(axis=0), limits.home - limits.lower),
    )
    position[~np.isfinite(limits.upper - limits.lower)] = np.nan
    shares = {
        'position': position,
        'velocity': np.abs(excitation.velocity).max(axis=0) / limits.velocity,
        'acceleration': np.abs(excitation.acceleration).max(axis=0) / limits.acceleration,
    }
    if excitation.effort is not None:
        shares['effort'] = np.abs(excitation.effort).max(axis=0) / limits.effort
    return shares


def _share(way: Vector, room: Vector) -> Vector:
    """Return ways over the room for them; where there is no room any way is too much."""
    blocked = np.where(way > ROUNDING, np.inf, 0.0)
    return np.asarray(np.where(room > 0, way / np.where(room > 0, room, 1.0), blocked))


def room_at(limits: ExcitationLimits, settings: ExcitationSettings) -> Room:
    """Return what the joints may do around home.

    Raises:
        ConfigError: If a limit is missing or home is outside, with a sentence for every joint.
    """
    n_joints, home = len(limits.joint_names), limits.home
    if len(settings.amplitude) not in {0, 1, n_joints}:
        raise ConfigError(
            f'amplitude needs no value, one, or {n_joints}, got {len(settings.amplitude)}.'
        )
    wrong = limits.missing() + limits.misplaced()
    if limits.endless and not settings.amplitude:
        wrong.append(f'{", ".join(limits.endless)} can turn for ever: say how far, --amplitude.')
    if wrong:
        raise ConfigError(
            f'{" ".join(wrong)} Give limits in a joint_limits.yaml (--limits) and the posture to '
            'start from with --home.'
        )
    low, high = limits.lower - home, limits.upper - home
    if settings.amplitude:
        most = np.broadcast_to(np.asarray(settings.amplitude, np.float64), (n_joints,))
        low = np.maximum(LARGEST_SHARE * low, -most)
        high = np.minimum(LARGEST_SHARE * high, most)
    else:
        low, high = settings.share * low, settings.share * high
    fastest = np.minimum(limits.acceleration, limits.velocity / settings.rise)
    return Room(low, high, settings.speed_share * limits.velocity, settings.speed_share * fastest)


def _verify(excitation: Excitation, limits: ExcitationLimits) -> None:
    """Raise :class:`ConfigError` unless every row is within every limit: the last look."""
    for kind, shares in usage(excitation, limits).items():
        for name, share in zip(limits.joint_names, shares, strict=True):
            if share > 1.0:
                raise ConfigError(
                    f'{excitation.name}: {name} would use {share:.0%} of its {kind}.'
                )


def _best_path(
    room: Room, settings: ExcitationSettings, rng: np.random.Generator
) -> tuple[JointPath, float, float]:
    """Return the parts joined, and the condition of the best and first multi-sine."""
    n_joints, pause = len(room.low), round(REST / STEP)
    free = round(settings.duration / STEP) + 1 - (len(PARTS) + 1) * pause
    counts = {part: round(share * free) for part, share in PARTS.items()}
    counts['multi_sine'] += free - sum(counts.values())

    def sines(seed: int) -> JointPath:
        rng, frequency = np.random.default_rng(seed), settings.base_frequency
        return multi_sine(room, counts['multi_sine'], frequency, settings.harmonics, rng)

    seeds = rng.integers(2**62, size=settings.restarts).tolist()
    conditions = [condition_number(sines(seed), room) for seed in seeds]
    best = int(np.argmin(conditions))
    still = path_at_rest(pause, n_joints)
    slow = slow_reversals(room, counts['slow_reversals'], settings.slow_share, rng)
    moves = point_to_point(room, counts['point_to_point'], rng)
    path = joined([still, sines(seeds[best]), still, slow, still, moves, still])
    return path, conditions[best], conditions[0]


def condition_number(path: JointPath, room: Room) -> float:
    """Return how well effects of the joints' motion can be separated.

    The condition number of positions, velocities, accelerations and directions of all joints,
    columns scaled to length one: what a model linear in these would be fitted by. It needs no
    model of the robot, and is no more than a way to choose among random motions.

    Args:
        path: A motion.
        room: Its allowed speeds, which say what counts as moving.
    """
    rows = slice(None, None, COARSE)
    direction = np.tanh(path.velocity[rows] / (FRICTION_SPEED * room.velocity))
    columns = np.hstack([*(part[rows] for part in path), direction])
    length = np.linalg.norm(columns, axis=0)
    moving = columns[:, length > 0] / length[length > 0]
    return float(np.linalg.cond(moving)) if moving.size else np.inf


def _check_home(limits: ExcitationLimits, settings: ExcitationSettings, efforts: Efforts) -> None:
    """Raise :class:`ConfigError` for joints that need too much effort to stay at home."""
    if wrong := limits.missing(('effort',)):
        raise ConfigError(
            f'{" ".join(wrong)} Give them in a joint_limits.yaml (--limits), or leave the '
            'rigid-body model out with --no-efforts.'
        )
    still = np.zeros((1, len(limits.home)))
    held = np.abs(efforts(limits.home[None, :], still, still)[0])
    if (over := held > settings.effort_share * limits.effort).any():
        listed = ', '.join(
            f'{name} {held[j]:.3g} of {limits.effort[j]:.3g}'
            for j, name in enumerate(limits.joint_names)
            if over[j]
        )
        raise ConfigError(
            f'To stay at home takes more than {settings.effort_share:.0%} of the effort limit: '
            f'{listed}. Choose another --home or a larger --effort-share.'
        )


def _fit(path: JointPath, home: Vector, most: Vector, efforts: Efforts) -> float:
    """Return the factor in (0, 1] that brings the efforts of a path to what is allowed."""

    def fits(factor: float, rows: slice) -> bool:
        q, dq, ddq = (part[rows] for part in path.scaled(factor))
        return bool((np.abs(efforts(home + q, dq, ddq)) <= most).all())

    coarse, every = slice(None, None, COARSE), slice(None)
    factor = 1.0
    if not fits(1.0, coarse):
        good, bad = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = 0.5 * (good + bad)
            good, bad = (middle, bad) if fits(middle, coarse) else (good, middle)
        factor = good
    while factor > 0 and not fits(factor, every):
        factor *= 0.99 if factor > 1e-3 else 0.0
    return factor
