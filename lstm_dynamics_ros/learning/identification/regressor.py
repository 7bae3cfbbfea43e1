# SPDX-License-Identifier: Apache-2.0
"""Recorded motion as linear equations of the parameters of a robot.

Measured effort and every column go through the same zero-phase low-pass and are then thinned to
what is below its cut-off (parallel filtering), so that the filter takes nothing off the parameters
and neighbouring rows are nearly independent.

Source: W. Khalil and E. Dombre, "Modeling, identification and control of robots", 2002, ch. 12; J.
Swevers, W. Verdonck, J. De Schutter, "Dynamic model identification for industrial robots", IEEE
Control Systems Magazine 27(5), 2007.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from lstm_dynamics_ros.core.errors import DataError, JointNamesError, TooShortError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np

FRICTION = ('viscous', 'viscous_back', 'coulomb', 'offset')
"""Parameters of a joint's friction."""

SPRING = ('spring_sin', 'spring_cos', 'spring')
"""Effort by a joint's own position: per sin q, per cos q, and per q."""

LOCAL = ('armature', *FRICTION, *SPRING)
"""Parameters of a joint that touch its own effort alone."""

COULOMB = LOCAL.index('coulomb')

SLOWEST = 1e-3
"""Least velocity that a smooth sign is smoothed over [rad/s] or [m/s]."""


class Measured(Protocol):
    """A stretch of joint states on a time grid; matrices have shape (n_steps, n_joints)."""

    @property
    def name(self) -> str:
        """Name of the trajectory it is from."""

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Joint names, in the order of the columns."""

    @property
    def joint_types(self) -> tuple[str, ...]:
        """Type of each joint; a continuous one wraps at +-pi."""

    @property
    def dt(self) -> float:
        """Step of the grid [s]."""

    @property
    def position(self) -> Matrix:
        """Joint positions [rad] or [m]."""

    @property
    def effort(self) -> Matrix:
        """Joint efforts [N m] or [N]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Equations:
    """Equations of one stretch: one row per time left, one equation per joint in it."""

    name: str
    """Name of the trajectory."""
    time: Vector
    """Time since the start of the stretch [s], shape (n_rows,)."""
    velocity: Matrix
    """Joint velocities [rad/s] or [m/s], shape (n_rows, n_joints)."""
    body: Matrix
    """Effort per standard parameter, shape (n_rows, n_joints, 10 * n_joints)."""
    local: Matrix
    """Effort of a joint per unit of each of :data:`LOCAL`, shape (n_rows, n_joints, n_local)."""
    effort: Matrix
    """Low-passed measured effort [N m] or [N], shape (n_rows, n_joints)."""
    above: Vector
    """RMS of what the low-pass took off the effort [N m] or [N], shape (n_joints,)."""

    def __len__(self) -> int:
        return len(self.effort)


def equations(
    prior: RigidBodyPrior,
    recorded: Sequence[Measured],
    *,
    cutoff: float,
    shares: Sequence[float],
) -> tuple[list[list[Equations]], Matrix]:
    """Return the equations of recorded stretches, for several smooth signs.

    Args:
        prior: The robot.
        recorded: What was measured.
        cutoff: Cut-off of the low-pass [Hz].
        shares: Velocities over which the sign of Coulomb friction is smoothed, each as a share of
            the standard deviation of a joint's velocity.

    Returns:
        For every share the equations of every stretch without missing values, and these velocities
        [rad/s] or [m/s], shape (n_shares, n_joints).

    Raises:
        JointNamesError: If a stretch is of other joints.
        DataError: If no row has position and effort of all joints.
        TooShortError: If every stretch is too short for the filter.
    """
    motions = []
    longest = needed = 0.0
    for item in recorded:
        if tuple(item.joint_names) != prior.joint_names:
            raise JointNamesError(prior.joint_names, item.joint_names)
        shortest = 2 * _edge(item.dt, cutoff) + padding() + 1
        needed = max(needed, shortest * item.dt)
        for start, stop in _finite(item):
            longest = max(longest, (stop - start) * item.dt)
            if stop - start > shortest:
                motions.append(_motion(item, start, stop, cutoff))
    if not longest:
        raise DataError('Identification needs rows with position and effort of all joints.')
    if not motions:
        raise TooShortError(longest, needed)
    deviation = np.sqrt(np.mean(np.vstack([m.velocity**2 for m in motions]), axis=0))
    smoothing = np.maximum(np.outer(shares, deviation), SLOWEST)
    first = [_without_coulomb(prior, motion) for motion in motions]
    return [
        [_with_coulomb(*pair, smooth) for pair in zip(first, motions, strict=True)]
        for smooth in smoothing
    ], smoothing


class _Motion(NamedTuple):
    """Filtered motion and effort of a stretch, with all its rows."""

    name: str
    dt: float
    cutoff: float
    position: Matrix
    velocity: Matrix
    acceleration: Matrix
    effort: Matrix
    above: Vector

    def thinned(self, values: Matrix) -> Matrix:
        """Return values through the low-pass, without the ends, thinned."""
        flat = values.reshape(len(values), -1)
        moving = flat.any(axis=0)  # most columns of a regressor are structural zeros
        result = np.zeros(flat.shape)
        if moving.any():
            (result[:, moving],) = smoothed_motion(flat[:, moving], self.dt, self.cutoff, order=0)
        return result[self.kept()].reshape(-1, *values.shape[1:])

    def kept(self) -> slice:
        """Return the rows that are left: 0.8 of the Nyquist frequency is the cut-off."""
        edge = _edge(self.dt, self.cutoff)
        every = max(1, int(0.4 / (self.dt * self.cutoff)))
        return slice(edge, len(self.position) - edge, every)


def _edge(dt: float, cutoff: float) -> int:
    """Return how many rows at either end the filter has too little past or future for."""
    return int(np.ceil(0.5 / (cutoff * dt)))


def _finite(item: Measured) -> list[tuple[int, int]]:
    """Return start and end of the stretches without missing values."""
    good = np.isfinite(np.hstack([item.position, item.effort])).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _motion(item: Measured, start: int, stop: int, cutoff: float) -> _Motion:
    position, velocity, acceleration = smoothed_motion(
        item.position[start:stop],
        item.dt,
        cutoff,
        continuous=continuous_joints(item.joint_types),
    )
    effort = item.effort[start:stop]
    (smooth,) = smoothed_motion(effort, item.dt, cutoff, order=0)
    above = np.sqrt(np.mean((effort - smooth) ** 2, axis=0))
    return _Motion(item.name, item.dt, cutoff, position, velocity, acceleration, effort, above)


def _without_coulomb(prior: RigidBodyPrior, motion: _Motion) -> Equations:
    """Return the equations with the column of Coulomb friction left empty."""
    speed, place = motion.velocity, motion.position
    local = np.zeros((*speed.shape, len(LOCAL)))
    parts = {
        'armature': motion.acceleration,
        'viscous': np.maximum(speed, 0.0),
        'viscous_back': np.minimum(speed, 0.0),
        'offset': np.ones_like(speed),
        'spring_sin': np.sin(place),
        'spring_cos': np.cos(place),
        'spring': place,
    }
    for name, values in parts.items():
        local[:, :, LOCAL.index(name)] = values
    kept = motion.kept()
    body = prior.regressor(place, speed, motion.acceleration)
    return Equations(
        name=motion.name,
        time=motion.dt * np.arange(len(speed), dtype=np.float64)[kept],
        velocity=speed[kept],
        body=motion.thinned(body),
        local=motion.thinned(local),
        effort=motion.thinned(motion.effort),
        above=motion.above,
    )


def _with_coulomb(made: Equations, motion: _Motion, smoothing: Vector) -> Equations:
    """Return the equations with Coulomb friction of this smooth sign."""
    local = made.local.copy()
    local[:, :, COULOMB] = motion.thinned(np.tanh(motion.velocity / smoothing))
    return replace(made, local=local)


HIGHEST = 20.0
"""Above this no arm moves, and what is seen there is noise [Hz]."""

SHARE = 0.99
"""Share of the power of the velocity below the bandwidth."""

MARGIN = 4.0
"""Cut-off over bandwidth: centrifugal and friction torque have harmonics of the motion."""

NYQUIST_SHARE = 0.8
"""Highest cut-off, in Nyquist frequencies of the grid."""


def usual_cutoff(recorded: Sequence[Measured]) -> float:
    """Return a cut-off for parallel filtering that suits recorded motion [Hz].

    Four times the frequency below which 99 % of the power of the velocity is, mean over joints.
    What encoders add is taken off: as much at every frequency as there is where no arm moves.

    Source of the idea: J. Swevers, W. Verdonck, J. De Schutter, "Dynamic model identification for
    industrial robots", IEEE Control Systems Magazine 27(5), 2007 (a cut-off some times the highest
    frequency of the excitation).

    Args:
        recorded: What was measured, on one time grid.

    Raises:
        DataError: If nothing moves.
    """
    if not recorded:
        raise DataError('Identification needs at least one recording, got none.')
    dt = recorded[0].dt
    longest = max(len(item.position) for item in recorded)
    frequency = np.fft.rfftfreq(longest, dt)
    power = np.zeros(len(frequency))
    for item in recorded:
        speed = np.diff(np.unwrap(np.nan_to_num(item.position), axis=0), axis=0)
        size = speed.std(axis=0)
        moving = speed[:, size > 0] / size[size > 0]
        window = np.hanning(len(moving))[:, None]
        spectrum = np.fft.rfft(moving * window, n=longest, axis=0)
        power += (np.abs(spectrum) ** 2).sum(axis=1)
    if not power.any():
        raise DataError('Nothing moves in the recordings, so nothing can be identified.')
    slow = frequency <= HIGHEST
    noise = float(np.median(power[~slow])) if not slow.all() else 0.0
    below = np.cumsum(power[slow] - noise)
    bandwidth = float(frequency[np.argmax(below >= SHARE * below.max())])
    return float(min(max(MARGIN * bandwidth, frequency[1]), NYQUIST_SHARE * 0.5 / dt))
