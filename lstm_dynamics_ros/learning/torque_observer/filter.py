# SPDX-License-Identifier: Apache-2.0
"""Extended Kalman filter that takes the torque for a measurement of the motion.

The state of each joint is position, velocity and acceleration, each in units of its spread in the
training data. Known positions are measurements as usual. The inverse dynamics of the robot give
the effort of a motion, so the measured effort is a measurement of the motion too: where it
differs from ``Y(q, v, a) theta``, it corrects the state. So a position can be followed through a
long run from efforts alone, and errors decay where integrated accelerations would grow.

Sources: R. Kalman, "A new approach to linear filtering and prediction problems", J. Basic
Engineering 82, 1960; B. Anderson, J. Moore, "Optimal filtering", 1979, ch. 8 (extended Kalman
filter), ch. 6 (measurements taken one after the other need no matrix inverse). A relative that
learns all of it: V. Shaj et al., "Action-conditional recurrent Kalman networks for forward and
inverse dynamics learning", CoRL 2020. Constants without another source were chosen by
cross-validation on the training blocks of the KUKA KR300 set.
"""

import math
from typing import NamedTuple

from lstm_dynamics_ros.learning.torque_observer.inverse_regression import (
    InverseRegression,
    MotionTensors,
)
import numpy as np
import torch
from torch import nn, Tensor

POSITION_NOISE = 1e-4
"""Standard deviation of a known position [rad] or [m]."""

BANDS = (0.02, 0.06, 0.2, 0.5)
"""Speeds, relative to the spread of each velocity, where bands begin in which the error of the
inverse dynamics is measured; the last one has no end."""

CENTRES = (0.04, 0.12, 0.33, 0.8)
"""Speeds that the errors of the bands stand for; between them they are interpolated."""

EFFORT_NOISE = 30.0
"""Factor on the variance of the inverse dynamics' error: it is far from white."""

STILL_NOISE = 4.0
"""Exponent of the factor on that variance for a joint that stands still for sure: its effort is
stiction, which depends on nothing else of the motion."""

ROUGH_NOISE = 30.0
"""Factor on the variance of the rough velocity's error, which is far from white too."""

OUTLIER = 3.0
"""Innovations of efforts are limited to so many of their standard deviations."""

BEYOND = 0.075
"""How far a position may leave the range of the training data, in widths of that range."""

RATE, DECAY, DAMPING = 1.5, 0.4, 0.1
"""Roots of the process: a pair at RATE times the typical rate of the data (spread of velocities
over that of positions) with this DAMPING ratio, and one at DECAY times it."""

REST = 1e-3
"""Standard deviation of velocity and acceleration of a robot that is found at rest, relative to
their spread."""

_LARGEST_INNOVATION = 8.0


class Estimate(NamedTuple):
    """What a filter estimates in one step."""

    mean: Tensor
    """State predicted for the next step, normalised, shape (N, 3 n_joints)."""
    covariance: Tensor
    """Its covariance, shape (N, 3 n_joints, 3 n_joints)."""
    now: Tensor
    """State of this step, shape (N, 3 n_joints)."""
    features: Tensor
    """What a recurrent correction sees of the filter, shape (N, 8 n_joints)."""


class TorqueFilter(nn.Module):
    """Extended Kalman filter with efforts for measurements. Pure, all in float64.

    Args:
        inverse: Inverse dynamics; its parameters are fitted by the caller.
    """

    spread: Tensor
    effort_spread: Tensor
    transition: Tensor
    process_noise: Tensor
    effort_variance: Tensor
    rough_variance: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, inverse: InverseRegression) -> None:
        super().__init__()
        self.inverse = inverse
        self.n_joints = n = inverse.n_joints
        whole = (3 * n, 3 * n)
        sizes: dict[str, tuple[int, ...]] = {'spread': (3 * n,), 'effort_spread': (n,)}
        sizes |= {'transition': whole, 'process_noise': whole}
        sizes |= {'effort_variance': (len(BANDS), n), 'rough_variance': (n,)}
        sizes |= {'low': (n,), 'high': (n,)}
        for name, size in sizes.items():
            self.register_buffer(name, torch.ones(size, dtype=torch.float64))

    def set_up(self, spread: Tensor, positions: Tensor, effort_spread: Tensor, dt: float) -> None:
        """Take process and scales from the training data.

        Args:
            spread: Standard deviations of position, velocity and acceleration, (3, n_joints).
            positions: Positions of the training data, shape (T, n_joints).
            effort_spread: Standard deviation of the efforts, shape (n_joints,).
            dt: Step of the grid [s].
        """
        n = self.n_joints
        transition, noise = _process(spread.numpy(), dt)
        self.spread.copy_(spread.flatten())
        self.effort_spread.copy_(effort_spread)
        self.transition.copy_(torch.from_numpy(transition))
        self.process_noise.copy_(torch.from_numpy(noise))
        low, high = positions.amin(0), positions.amax(0)
        margin = BEYOND * (high - low)
        self.low.copy_((low - margin) / self.spread[:n])
        self.high.copy_((high + margin) / self.spread[:n])

    @torch.no_grad()
    def measure_noise(self, motion: MotionTensors, effort: Tensor) -> None:
        """Take the errors of the inverse dynamics by speed from the training data."""
        error = (effort - self.inverse(motion)).square()
        speed = (motion.velocity * self.inverse.rate).abs()
        edges = (*BANDS, math.inf)
        for k in range(len(BANDS)):
            inside = (speed >= edges[k]) & (speed < edges[k + 1])
            few = inside.sum(0) < 10
            mean = (error * inside).sum(0) / inside.sum(0).clamp_min(1)
            self.effort_variance[k] = torch.where(few, error.mean(0), mean)

    def start(self, position: Tensor, velocity: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and covariance after the first observation, each joint for itself.

        The acceleration is unknown, but not of a robot that is found at rest: it has been there
        for a while.

        Args:
            position: Known positions, shape (N, n_joints).
            velocity: Known velocities, shape (N, n_joints).
        """
        n = self.n_joints
        place, speed = position / self.spread[:n], velocity / self.spread[n : 2 * n]
        moving = (4 * speed.square().mean(1, keepdim=True)).clamp_max(1.0).expand(-1, n)
        exact = (POSITION_NOISE / self.spread[:n]).square() + 0 * moving
        coarse = REST**2 + 0.1 * moving
        unknown = REST**2 + moving
        mean = torch.cat([place, speed, 0 * place], 1)
        variance = torch.cat([exact, coarse, unknown], 1)
        return mean, variance.unsqueeze(2) * torch.eye(3 * n, dtype=variance.dtype)

    def step(
        self,
        mean: Tensor,
        covariance: Tensor,
        *,
        position: Tensor,
        known: Tensor,
        effort: Tensor,
        still: Tensor,
        rough: Tensor,
    ) -> Estimate:
        """Take one step: correct by what is measured, then predict the next step.

        Args:
            mean: Predicted state, normalised, shape (N, 3 n_joints).
            covariance: Its covariance, shape (N, 3 n_joints, 3 n_joints).
            position: Position of this step, shape (N, n_joints).
            known: 1 where the position is measured, 0 where it is not, shape (N, 1).
            effort: Effort of this step, shape (N, n_joints).
            still: Probability that each joint stands still, shape (N, n_joints).
            rough: Rough velocities, normalised, shape (N, n_joints).
        """
        n = self.n_joints
        for j in range(n):
            noise = (POSITION_NOISE / self.spread[j]).square()
            away = position[:, j : j + 1] / self.spread[j] - mean[:, j : j + 1]
            cross = covariance[:, :, j]
            size = cross[:, j : j + 1] + noise
            mean, covariance = _corrected(mean, covariance, cross, size, away, known)
        for j in range(n, 2 * n):
            cross = covariance[:, :, j]
            size = cross[:, j : j + 1] + ROUGH_NOISE * self.rough_variance[j - n]
            away = rough[:, j - n : j - n + 1] - mean[:, j : j + 1]
            mean, covariance = _corrected(mean, covariance, cross, size, away)
        std = diagonal(covariance, 3 * n).clamp_min(1e-10).sqrt()
        around = mean
        state = around * self.spread
        motion = MotionTensors(state[:, :n], state[:, n : 2 * n], state[:, 2 * n :])
        expected, slope = self.inverse.linearise(motion, std * self.spread)
        slope = slope * self.spread
        variance = self._variance(around[:, n : 2 * n], std[:, n : 2 * n])
        variance = variance * torch.exp(STILL_NOISE * still)
        surprise = effort - expected
        for j in range(n):
            row = slope[:, j]
            away = surprise[:, j : j + 1] - (row * (mean - around)).sum(1, keepdim=True)
            cross = (covariance * row.unsqueeze(1)).sum(2)
            size = (cross * row).sum(1, keepdim=True) + variance[:, j : j + 1]
            limit = OUTLIER * size.sqrt()
            away = torch.minimum(torch.maximum(away, -limit), limit)
            mean, covariance = _corrected(mean, covariance, cross, size, away)
        std = diagonal(covariance, 3 * n).clamp_min(0).sqrt()
        relative = (surprise / self.effort_spread).clamp(-_LARGEST_INNOVATION, _LARGEST_INNOVATION)
        features = torch.cat([mean, std, relative, (variance.sqrt() / self.effort_spread)], 1)
        ahead = self._inside(mean @ self.transition.T)
        spread = self.transition @ covariance @ self.transition.T + self.process_noise
        return Estimate(ahead, spread, mean, features)

    def _variance(self, speed: Tensor, std: Tensor) -> Tensor:
        """Return the variance of the inverse dynamics' error, averaged over uncertain speeds."""
        # Three points with the mean and nearly the variance of a Gaussian.
        fast = torch.stack([(speed + 1.2 * sign * std).abs() for sign in (-1, 0, 1)])
        total = self.effort_variance[0] + 0 * fast
        for k in range(len(CENTRES) - 1):
            width = CENTRES[k + 1] - CENTRES[k]
            share = ((fast - CENTRES[k]) / width).clamp(0, 1)
            total = total + share * (self.effort_variance[k + 1] - self.effort_variance[k])
        return EFFORT_NOISE * total.mean(0)

    def _inside(self, mean: Tensor) -> Tensor:
        """Return a state whose positions are within the range, and do not move further out."""
        n = self.n_joints
        place, speed = mean[:, :n], mean[:, n : 2 * n]
        kept = torch.minimum(torch.maximum(place, self.low), self.high)
        outward = (place - kept) * speed > 0
        speed = torch.where(outward, torch.zeros_like(speed), speed)
        return torch.cat([kept, speed, mean[:, 2 * n :]], 1)


def diagonal(covariance: Tensor, size: int) -> Tensor:
    """Return the variances in covariances of a size m, (N, m, m) to (N, m)."""
    return covariance.flatten(1)[:, :: size + 1]


def _corrected(
    mean: Tensor,
    covariance: Tensor,
    cross: Tensor,
    size: Tensor,
    away: Tensor,
    known: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return mean and covariance after one scalar measurement ``y = H x + noise``.

    Args:
        mean: Before the measurement, shape (N, m).
        covariance: Before the measurement, shape (N, m, m).
        cross: Covariance of state and measurement, ``P H'``, shape (N, m).
        size: Variance of the innovation, ``H P H' + R``, shape (N, 1).
        away: Innovation, shape (N, 1).
        known: 0 where there is no measurement, shape (N, 1).
    """
    gain = cross / size
    if known is not None:
        gain = gain * known
    return mean + gain * away, covariance - gain.unsqueeze(2) * cross.unsqueeze(1)


def _process(spread: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Return transition and noise of a stationary process with the spread of the data.

    Each joint is a third-order process ``q''' = c0 q + c1 q' + c2 q'' + noise``; the noise is what
    keeps the spread of its position where it is: ``Q = P - F P F'``. All normalised.
    """
    n = spread.shape[1]
    typical = float(np.exp(np.log(spread[1] / spread[0]).mean()))
    w, decay, damping = RATE * typical, DECAY * typical, DAMPING
    rates = np.zeros((3, 3))
    rates[0, 1] = rates[1, 2] = 1.0
    rates[2] = -decay * w**2, -(w**2 + 2 * damping * w * decay), -(decay + 2 * damping * w)
    one = np.eye(3)
    drive = np.zeros(9)
    drive[8] = -1.0
    stationary = np.linalg.solve(np.kron(rates, one) + np.kron(one, rates), drive).reshape(3, 3)
    stationary /= stationary[0, 0]
    step = torch.linalg.matrix_exp(torch.from_numpy(rates * dt)).numpy()
    noise = stationary - step @ stationary @ step.T
    transition, process = np.zeros((3 * n, 3 * n)), np.zeros((3 * n, 3 * n))
    for j in range(n):
        where = np.ix_([j, n + j, 2 * n + j], [j, n + j, 2 * n + j])
        size = spread[:, j]
        transition[where] = step * size[None, :] / size[:, None]
        process[where] = noise * size[0] ** 2 / np.outer(size, size)
    return transition, (process + process.T) / 2
