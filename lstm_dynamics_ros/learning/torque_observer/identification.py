# SPDX-License-Identifier: Apache-2.0
"""Identification of a torque observer, before its recurrent correction is trained.

Motion by central differences, inverse dynamics by least squares, their errors by speed, the scales
of the filter's process, and the stiction detectors, one pass after the other.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.torque_observer.inverse_regression import MotionTensors
from lstm_dynamics_ros.learning.torque_observer.observer import TorqueObserver
from lstm_dynamics_ros.learning.torque_observer.passes import PassOutput
from lstm_dynamics_ros.learning.torque_observer.stiction_detector import Pieces
from lstm_dynamics_ros.learning.torque_observer.training_data import (
    both_kinds,
    Cut,
    hidden_runs,
    HiddenRuns,
    next_output,
)
from lstm_dynamics_ros.learning.training.linear_start import floored
import torch
from torch import Tensor

SPAN = 0.05
"""Half the span of the differences, relative to the typical time of the motion (spread of
positions over that of velocities): long enough for noise, short against the motion."""


def central_motion(position: Tensor, dt: float, span: int) -> MotionTensors:
    """Return the motion of a record by central differences, twice ``span`` rows off each end.

    Args:
        position: Shape (T, n_joints).
        dt: Step of the grid [s].
        span: Rows to either side.
    """
    velocity = (position[2 * span :] - position[: -2 * span]) / (2 * span * dt)
    acceleration = (velocity[2 * span :] - velocity[: -2 * span]) / (2 * span * dt)
    inner = slice(2 * span, len(position) - 2 * span)
    return MotionTensors(position[inner], velocity[span:-span], acceleration)


def identify(
    model: TorqueObserver, runs: Sequence[Trajectory], settings: TorqueObserverSettings
) -> list[HiddenRuns]:
    """Identify all of a new model but its recurrent correction.

    Args:
        model: It is changed.
        runs: Training data.
        settings: Pieces of trajectories that the stiction detectors learn from, and the seed.

    Returns:
        Outputs of the passes over whole runs and windows, as :func:`.hidden_runs`.

    Raises:
        TooShortError: If no run is long enough to be differentiated, or for a window.
    """
    n, dt = model.n_joints, model.dt
    rows = [run.observations.double() for run in runs]
    span = _span([row[:, :n] for row in rows], dt)
    long = [row for row in rows if len(row) > 4 * span]
    if not long:
        raise TooShortError(max(len(row) for row in rows) * dt, (4 * span + 1) * dt)
    motions = [central_motion(row[:, :n], dt, span) for row in long]
    motion = MotionTensors(*(torch.cat(parts) for parts in zip(*motions, strict=True)))
    effort = torch.cat([row[2 * span : len(row) - 2 * span, 2 * n :] for row in long])
    spread = floored(torch.cat([part.std(0) for part in motion]), n).reshape(3, n)
    for own in model.passes.each():
        own.filter.inverse.fit(motion, effort, spread[:2])
        own.filter.set_up(spread, motion.position, floored(effort.std(0), n), dt)
        own.filter.measure_noise(motion, effort)
    model.position_mean.copy_(motion.position.mean(0))
    model.lead.copy_(_lead([row[:, : 2 * n] for row in rows], n, dt))
    return _learn_stiction(
        model, [_with_speeds(run, span, spread[1], n, dt) for run in runs], settings
    )


def _with_speeds(run: Trajectory, span: int, spread: Tensor, n: int, dt: float) -> Trajectory:
    """Return a run with its velocities in units of their spread for targets, NaN if unknown."""
    row = run.observations.double()
    speed = torch.full_like(row[:, :n], torch.nan)
    if len(row) > 4 * span:
        inner = central_motion(row[:, :n], dt, span).velocity
        speed[2 * span : len(row) - 2 * span] = inner / spread
    return run._replace(targets=speed.float())


def _learn_stiction(
    model: TorqueObserver, runs: Sequence[Trajectory], settings: TorqueObserverSettings
) -> list[HiddenRuns]:
    """Train the detector of each pass on runs whose targets are speeds. See :func:`identify`."""
    kinds = both_kinds(runs, settings)
    outputs: list[list[PassOutput]] = [[] for _ in kinds]
    for k, own in enumerate(model.passes.each()):
        pieces = [_pieces(model, *each) for each in zip(kinds, outputs, strict=True)]
        # Without an earlier pass a detector does not see whether a motion is known.
        rough = own.stillness.learn(pieces if k else pieces[:1], seed=settings.seed + 100 * k)
        own.filter.rough_variance.copy_(rough)
        for part, known in zip(kinds, outputs, strict=True):
            known.append(next_output(model, part, known))
    return [hidden_runs(model, *each) for each in zip(kinds, outputs, strict=True)]


def _pieces(model: TorqueObserver, part: Cut, outputs: Sequence[PassOutput]) -> Pieces:
    """Return pieces for the detector of the pass after those whose outputs are given."""
    speed = torch.where(part.there > 0, part.targets[:-1], torch.nan)
    effort = part.rows[:-1, :, 2 * model.n_joints :]
    earlier = [output.features.float() for output in outputs]
    return Pieces(effort, speed, torch.cat(earlier, -1) if earlier else None)


def _span(positions: Sequence[Tensor], dt: float) -> int:
    """Return the rows to either side that a difference is taken over."""
    place = torch.cat(list(positions)).std(0)
    speed = torch.cat([(row[1:] - row[:-1]) / dt for row in positions]).std(0)
    moving = place > 1e-3 * place.max()
    typical = (speed[moving] / place[moving]).log().mean().exp()
    return max(1, round(SPAN / (float(typical) * dt)))


def _lead(motions: Sequence[Tensor], n: int, dt: float) -> Tensor:
    """Return for which moment velocities of the next row are, in steps after this row.

    1 where they are measured, 1/2 where they are the change of position since the last row.
    """
    ahead, ours = [], []
    for row in motions:
        place, speed = row[:, :n], row[:, n:]
        back = (place[1:-1] - place[:-2]) / dt
        ahead.append((place[2:] - place[:-2]) / (2 * dt) - back)
        ours.append(speed[1:-1] - back)
    along, own = torch.cat(ahead).flatten(), torch.cat(ours).flatten()
    share = (along @ own) / (along @ along).clamp_min(1e-30)
    return 0.5 + 0.5 * share.clamp(0.0, 1.0)
