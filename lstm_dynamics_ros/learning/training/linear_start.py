# SPDX-License-Identifier: Apache-2.0
"""The start of training: normalisation, the least-squares linear part, and cogging."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.core.ridge import solve_ridge
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import numpy as np
import torch
from torch import Tensor

ABSOLUTE_FLOOR = 1e-4
"""Smallest standard deviation a column is divided by, in its SI unit."""

RELATIVE_FLOOR = 0.01
"""Smallest standard deviation, relative to the largest of the same kind of signal."""

FEWEST_PERIODS = 5
"""Fewest cogging periods per turn: sines and cosines of the angle cover slower ones."""

CLEAR_LINE = 6.0
"""A line counts as cogging when it stands this many times above the median of the spectrum."""

_CHUNK = 8192
"""Rows per accumulation of the normal equations."""

_MOST_ROWS, _PIECE = 60_000, 4096
"""Rows that are searched for cogging, spread over the data, and how many at once."""


def floored(std: Tensor, n_joints: int) -> Tensor:
    """Return standard deviations with a floor, so that a column that hardly moves stays small.

    Without it, a joint that stood still in training would turn a later move of 1 mrad into a
    thousand standard deviations.

    Args:
        std: One per column, blocks of n_joints of the same kind, shape (n,).
        n_joints: Number of joints.
    """
    largest = std.reshape(-1, n_joints).amax(1).repeat_interleave(n_joints)
    return std.maximum((RELATIVE_FLOOR * largest).clamp_min(ABSOLUTE_FLOOR))


def prepare(
    model: DynamicsModel,
    runs: Sequence[Trajectory],
    *,
    ridge: float,
    history: int,
    dt: float,
    ripple_limit: int = 0,
) -> list[int]:
    """Set a new model's normalisation, and its linear part by least squares.

    Args:
        model: A new model; it is changed.
        runs: Training data.
        ridge: Weight of the squared coefficients beside the squared error of all rows.
        history: Length of the delay line [steps].
        dt: Step of the grid [s].
        ripple_limit: Largest number of cogging periods per turn to look for; 0 does not look.

    Returns:
        Columns of the observation whose standard deviation was raised to the floor.

    Raises:
        TooShortError: If no run is longer than the delay line.
    """
    joints, shift = model.n_joints, int(model.forward_kind)
    longest = max(len(run.observations) for run in runs)
    if longest <= history + shift:
        raise TooShortError(longest * dt, (history + shift + 1) * dt)
    mean, std = _moments([run.observations for run in runs])
    safe = floored(std, joints)
    circular = model.wraps > 0.5
    model.mean.copy_(mean.masked_fill(circular, 0.0))
    model.inverse_std.copy_((1 / safe).masked_fill(circular, 0.0))
    changes = [change_of(model, run) for run in runs]
    target_mean, target_std = _moments(changes)
    model.target_mean.copy_(target_mean)
    model.target_std.copy_(
        floored(target_std, joints) if not shift else target_std.clamp_min(1e-9)
    )
    if model.line is not None:
        line = model.line
        _, step_std = _moments([_lagged(run.observations, 1, circular) for run in runs])
        line.scale.copy_(1 / step_std.maximum(1e-3 * safe))
        for i, lag in enumerate(line.lags):
            kept = [run.observations for run in runs if len(run.observations) > lag]
            _, lag_std = _moments([_lagged(rows, lag, circular) for rows in kept])
            line.lag_scale[i] = 1 / lag_std.maximum(1e-3 * safe)
    _fit_linear(model, runs, changes, ridge, history, dt)
    if limit := (ripple_limit if model.ripples else 0):
        model.ripple.copy_(find_ripple(model, runs, changes, history, limit))
        if model.ripple.any():
            _fit_linear(model, runs, changes, ridge, history, dt)
    return torch.nonzero(safe > std).flatten().tolist()


def refit_linear(
    model: DynamicsModel, runs: Sequence[Trajectory], *, ridge: float, history: int, dt: float
) -> None:
    """Solve for the linear part of a prepared model again, with another regularisation.

    Args:
        model: A model that :func:`prepare` has seen; it is changed.
        runs: The same training data.
        ridge: Weight of the squared coefficients beside the squared error of all rows.
        history: Length of the delay line [steps].
        dt: Step of the grid [s].
    """
    _fit_linear(model, runs, [change_of(model, run) for run in runs], ridge, history, dt)


def _constant_velocity(model: DynamicsModel, shape: tuple[int, ...], dt: float) -> Matrix:
    """Return the coefficients of position + dt * velocity; zero for an inverse model."""
    weights: Matrix = np.zeros(shape)
    if model.forward_kind:
        for joint in range(model.n_joints):
            column = model.n_joints + joint  # velocities stand after the positions
            std = 1 / max(float(model.inverse_std[column]), 1e-12)
            weights[column, joint] = dt * std / float(model.target_std[joint])
    return weights


def change_of(model: DynamicsModel, run: Trajectory) -> Tensor:
    """Return what the model's output stands for before scaling, shape (T - shift, D)."""
    if not model.forward_kind:
        return run.targets
    return model.error(run.targets[1:], run.targets[:-1])


def _lagged(rows: Tensor, lag: int, circular: Tensor) -> Tensor:
    """Return differences over a lag, wrapped for circular columns."""
    difference = rows[lag:] - rows[:-lag]
    turns = torch.round(difference / (2 * torch.pi)) * circular
    return difference - 2 * torch.pi * turns


def _moments(blocks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation per column over all blocks, in double precision."""
    count = sum(len(block) for block in blocks)
    mean = torch.stack([block.double().sum(0) for block in blocks]).sum(0) / count
    squares = torch.stack([((block.double() - mean) ** 2).sum(0) for block in blocks]).sum(0)
    return mean.float(), (squares / count).sqrt().float()


class Sums(NamedTuple):
    """Normal equations of the linear part over some rows: ``x`` its inputs, ``y`` its output."""

    gram: Matrix
    """x^T x, shape (n, n); the last column is the constant 1."""
    cross: Matrix
    """x^T y, shape (n, n_targets)."""
    squares: Vector
    """Sum of y^2, shape (n_targets,)."""
    rows: int

    def without(self, other: 'Sums') -> 'Sums':
        """Return the sums without those of some of the rows."""
        return Sums(
            self.gram - other.gram,
            self.cross - other.cross,
            self.squares - other.squares,
            self.rows - other.rows,
        )

    def mean_square_error(self, weights: Matrix) -> Vector:
        """Return the mean squared error of weights on the rows, shape (n_targets,)."""
        left = self.squares - 2 * (weights * self.cross).sum(0)
        left = left + (weights * (self.gram @ weights)).sum(0)
        return np.asarray(np.maximum(left, 0) / self.rows)


@torch.no_grad()
def sums_of(
    model: DynamicsModel, runs: Sequence[Trajectory], changes: Sequence[Tensor], history: int
) -> Sums | None:
    """Return the normal equations of a prepared model over runs; None if all are too short.

    Args:
        model: The model; its normalisation is used.
        runs: The data.
        changes: What the linear part should give, before scaling, per run.
        history: Length of the delay line [steps].
    """
    gram: Matrix | None = None
    cross: Matrix | None = None
    squares: Vector = np.zeros(model.n_targets)
    rows = 0
    for run, change in zip(runs, changes, strict=True):
        slip = model.slipping(run.observations)
        for start in range(history - 1, len(change), _CHUNK):
            stop = min(start + _CHUNK, len(change))
            where = slice(start - history + 1, stop)
            strain = None if slip is None else slip[where]
            piece = model.regressors(run.observations[where], strain)
            x = np.hstack([piece[history - 1 :].double().numpy(), np.ones((stop - start, 1))])
            y = ((change[start:stop] - model.target_mean) / model.target_std).double().numpy()
            gram = x.T @ x if gram is None else gram + x.T @ x
            cross = x.T @ y if cross is None else cross + x.T @ y
            squares += (y**2).sum(0)
            rows += len(x)
    return None if gram is None or cross is None else Sums(gram, cross, squares, rows)


def solve_linear(model: DynamicsModel, sums: Sums, ridge: float, dt: float) -> Matrix:
    """Return the weights of the linear part, shape (n, n_targets).

    The penalty pulls a forward model towards constant velocity, not towards standing still: with
    little data that is what is left of it.
    """
    penalty = np.full(len(sums.gram), ridge)
    penalty[-1] = 1e-9
    # Columns that never move have an empty row: the penalty keeps the system solvable.
    penalty = np.maximum(penalty, 1e-9)
    still = _constant_velocity(model, sums.cross.shape, dt)
    return solve_ridge(sums.gram, sums.cross + penalty[:, None] * still, penalty)


@torch.no_grad()
def set_linear(model: DynamicsModel, weights: Matrix, error: Vector) -> None:
    """Give a model its linear part, and its recurrent part the gain of what that leaves over.

    Args:
        model: A prepared model; it is changed.
        weights: From :func:`solve_linear`.
        error: Mean squared error of the linear part, shape (n_targets,).
    """
    model.gain.copy_(torch.from_numpy(np.clip(np.sqrt(error), 1e-4, 1.0)))
    width = model.linear.in_features
    model.linear.weight.copy_(torch.from_numpy(weights[:width].T))
    model.linear.bias.copy_(torch.from_numpy(weights[-1]))
    if model.line is not None:
        shape = model.line.weight.shape
        model.line.weight.copy_(torch.from_numpy(weights[width:-1].T).reshape(shape))


def _fit_linear(
    model: DynamicsModel,
    runs: Sequence[Trajectory],
    changes: Sequence[Tensor],
    ridge: float,
    history: int,
    dt: float,
) -> None:
    """Solve for the linear part, if any run is long enough."""
    sums = sums_of(model, runs, changes, history)
    if sums is not None:
        weights = solve_linear(model, sums, ridge, dt)
        set_linear(model, weights, sums.mean_square_error(weights))


@torch.no_grad()
def find_ripple(
    model: DynamicsModel,
    runs: Sequence[Trajectory],
    changes: Sequence[Tensor],
    history: int,
    limit: int,
) -> Tensor:
    """Return the cogging periods per turn of each angle the model sees, 0 where there is none.

    Cogging repeats many times per turn of a joint: too fine for a network to discover by itself,
    yet plain in what a linear model leaves over: it has one line in the spectrum over the angle.

    Args:
        model: Model whose linear part is fitted.
        runs: Training data.
        changes: What the linear part should have given, before scaling, per run.
        history: Length of the delay line [steps].
        limit: Largest number of periods per turn.
    """
    n_angles, n_joints = len(model.angles), model.n_joints
    periods = torch.arange(FEWEST_PERIODS, max(limit, FEWEST_PERIODS) + 1, dtype=torch.float32)
    kinds = [k for k in range(model.n_targets // n_joints) if k > 0 or not model.forward_kind]
    spectrum = torch.zeros(len(kinds), n_angles, len(periods), 2, dtype=torch.float64)
    power = torch.zeros(len(kinds), n_angles, dtype=torch.float64)
    stride = max(1, sum(len(change) for change in changes) // _MOST_ROWS)
    weight = model.linear.weight
    if model.line is not None:
        weight = torch.cat([weight, model.line.weight.flatten(1)], 1)
    rows = 0
    for run, change in zip(runs, changes, strict=True):
        if len(change) <= history:
            continue
        seen = run.observations[: len(change)]
        linear = model.regressors(seen, model.slipping(seen)) @ weight.t()
        left = (change - model.target_mean) / model.target_std - linear - model.linear.bias
        left = left[history::stride]
        angle = run.observations[history : len(change) : stride][:, model.angles]
        for part, at in zip(torch.split(left, _PIECE), torch.split(angle, _PIECE), strict=True):
            rows += len(part)
            for j, joint in enumerate(model.angles):
                phase = at[:, j : j + 1] * periods
                waves = torch.stack([phase.cos(), phase.sin()], 2).flatten(1)
                columns = part[:, [k * n_joints + joint for k in kinds]]
                power[:, j] += columns.double().square().sum(0)
                spectrum[:, j] += (columns.t() @ waves).double().reshape(len(kinds), -1, 2)
    if not rows:
        return torch.zeros(n_angles)
    lines = spectrum.square().sum(-1).sqrt() / (rows * power).sqrt().unsqueeze(-1).clamp_min(1e-30)
    strength = lines.sum(0)
    peak, where = strength.max(1)
    clear = peak > CLEAR_LINE * strength.median(1).values
    return torch.where(clear, periods[where], torch.zeros_like(peak, dtype=torch.float32))
