# SPDX-License-Identifier: Apache-2.0
"""Scores forecasters side by side: same starts, same targets, errors pooled over trajectories."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import Forecaster, Starts
from lstm_dynamics_ros.evaluation.metrics import MetricError, short_error, STILL_VARIANCE
from lstm_dynamics_ros.evaluation.scores.result import HorizonScore, MEASURED, Scores, TRUTH
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

KINDS = ('position', 'velocity')
"""What is scored, where the recordings hold it."""

HORIZONS = (1, 10, 50)
"""Horizons of the published figures [steps]."""

Array = NDArray[np.float64]

Errors = dict[str, list[Array]]
"""Errors in each job by kind, each of shape (n_starts, n_horizons, n_joints)."""

Moves = Mapping[str, NDArray[np.bool_]]
"""Joints that move, by kind of what is scored, shape (n_joints,)."""


class Job(NamedTuple):
    """The forecasts to make in one segment."""

    segment: Segment
    truth: Segment
    """Same rows, as scored."""
    starts: Starts


def horizon_scores(
    forecasters: Sequence[Forecaster],
    segments: Sequence[Segment],
    *,
    mode: str,
    truth: Sequence[Segment] | None = None,
    horizons: Sequence[int] = HORIZONS,
    stride: int = 5,
    washout_steps: int = 0,
    progress: Progress = no_progress,
) -> Scores:
    """Score forecasters at several horizons.

    Starts lie every ``stride`` rows after the longest past that any forecaster asks for, where
    everything from that past to the furthest target was measured, not bridged.

    Args:
        forecasters: The model first, then its baselines; names must differ.
        segments: Recorded trajectories on the time grid. Rows of one name are one trajectory.
        mode: ``known_torque`` or ``causal``, see :mod:`.forecasters.base`.
        truth: The same trajectories without sensor (simulation); targets are taken from there and
            the sensor's own error is reported as the noise floor.
        horizons: How far ahead [steps].
        stride: Distance between starts [steps].
        washout_steps: Past before the first start, if more than the forecasters need [steps].
        progress: Called with (done, total, what).

    Raises:
        TooShortError: If no segment is long enough for one start.
        DataError: If truth is given but does not cover a segment, or joints differ.
    """
    horizons = tuple(sorted(set(horizons)))
    past = max([washout_steps, *(f.lookback_steps for f in forecasters)])
    jobs = forecast_jobs(segments, truth, past, max(horizons), stride)
    kinds = [kind for kind in KINDS if all(kind in f.kinds for f in forecasters)]
    kinds = [k for k in kinds if all(np.isfinite(_at(job, k, horizons)).all() for job in jobs)]
    candidates = [(f.name, c) for f in forecasters for c in f.candidates(mode)]
    errors = list[Errors]()
    for number, (_, candidate) in enumerate(candidates):
        errors.append({kind: [] for kind in kinds})
        for done, job in enumerate(jobs, number * len(jobs) + 1):
            for kind, error in _errors(candidate, job, kinds, horizons, mode).items():
                errors[number][kind].append(error)
            progress(done, len(candidates) * len(jobs), f'{mode}: {candidate.name}')
    moves = _moving(jobs, kinds, horizons[0])
    first, still = segments[0], ~moves[next(iter(moves))]
    return Scores(
        mode=mode,
        horizons=horizons,
        kinds=tuple(moves),
        names=tuple(f.name for f in forecasters),
        joint_names=first.joint_names,
        dt=first.dt,
        entries=_best_scores(jobs, horizons, moves, candidates, errors),
        noise_floor={} if truth is None else _noise_floor(jobs, horizons, moves),
        chosen={f.name: f.chosen for f in forecasters if f.chosen},
        still_joints=tuple(n for n, rests in zip(first.joint_names, still, strict=True) if rests),
        starts=sum(len(job.starts) for job in jobs),
        scored_against=MEASURED if truth is None else TRUTH,
    )


def _errors(
    candidate: Forecaster, job: Job, kinds: Sequence[str], horizons: Sequence[int], mode: str
) -> dict[str, Array]:
    """Return the errors of all forecasts in a job by kind, (n_starts, n_horizons, n_joints)."""
    made = candidate.forecast(job.segment, job.starts, horizons, mode=mode)
    return {kind: _error(job, kind, made[kind], _at(job, kind, horizons)) for kind in kinds}


def _moving(jobs: Sequence[Job], kinds: Sequence[str], horizon: int) -> Moves:
    """Return the joints that move, by kind; kinds in which none does are left out."""
    moves = {kind: _variance(jobs, kind, horizon) >= STILL_VARIANCE for kind in kinds}
    moves = {kind: moving for kind, moving in moves.items() if moving.any()}
    if not moves:
        raise MetricError('No joint moves in these recordings, so there is nothing to score.')
    return moves


def _best_scores(
    jobs: Sequence[Job],
    horizons: Sequence[int],
    moves: Moves,
    candidates: Sequence[tuple[str, Forecaster]],
    errors: Sequence[Errors],
) -> dict[tuple[str, int, str], HorizonScore]:
    """Return the score of each forecaster's best candidate, by kind, horizon and name."""
    scores: dict[tuple[str, int, str], HorizonScore] = {}
    for kind, moving in moves.items():
        for h, horizon in enumerate(horizons):
            variance = _variance(jobs, kind, horizon)
            for (name, candidate), found in zip(candidates, errors, strict=True):
                rows = [error[:, h] for error in found[kind]]
                score = _horizon_score(jobs, rows, variance, moving, candidate.effort_source)
                key = (kind, horizon, name)
                if key not in scores or score.nmse < scores[key].nmse:
                    scores[key] = score
    return scores


def forecast_jobs(
    segments: Sequence[Segment],
    truth: Sequence[Segment] | None,
    past: int,
    reach: int,
    stride: int,
) -> list[Job]:
    """Return the starts of every segment that has any.

    Starts lie every ``stride`` rows after the first ``past``, where everything from that past to
    ``reach`` rows ahead was measured, not bridged.

    Raises:
        TooShortError: If no segment is long enough for one start.
        DataError: If there is no segment, joints differ, or truth does not cover a segment.
    """
    if not segments:
        raise DataError('There is no segment to score.')
    jobs = []
    for segment in segments:
        if segment.joint_names != segments[0].joint_names:
            raise DataError(
                f'All segments must have one joint order, got {segment.joint_names} in '
                f'{segment.name} and {segments[0].joint_names} in {segments[0].name}.'
            )
        usable = ~segment.filled & np.isfinite(segment.position).all(axis=1)
        for values in (segment.velocity, segment.effort):
            finite = np.isfinite(values).all(axis=1)
            if finite.any():
                usable &= finite
        starts = np.arange(max(past, 1) - 1, len(segment) - reach, max(stride, 1))
        bad = np.concatenate([[0], np.cumsum(~usable)])
        clean = bad[starts + reach + 1] == bad[np.maximum(starts - past + 1, 0)]
        if clean.any():
            true = segment if truth is None else _matching(segment, truth)
            jobs.append(Job(segment, true, starts[clean]))
    if not jobs:
        longest = max(len(segment) * segment.dt for segment in segments)
        raise TooShortError(longest, (past + reach) * segments[0].dt)
    return jobs


def _matching(segment: Segment, truth: Sequence[Segment]) -> Segment:
    """Return the rows of the truth at the grid points of a segment."""
    for true in truth:
        first = segment.start_index - true.start_index
        if true.name == segment.name and 0 <= first <= len(true) - len(segment):
            return true.rows(first, first + len(segment))
    raise DataError(
        f'No truth covers {segment.name} from grid point {segment.start_index}, '
        f'{len(segment)} rows. Truth there is: {[(t.name, t.start_index, len(t)) for t in truth]}.'
    )


def _at(job: Job, kind: str, horizons: Sequence[int], *, measured: bool = False) -> Array:
    """Return what is there at the targets, shape (n_starts, n_horizons, n_joints)."""
    source = job.segment if measured else job.truth
    rows: Array = getattr(source, kind)
    picked: Array = rows[job.starts[:, None] + np.asarray(horizons)]
    return picked


def _error(job: Job, kind: str, forecast: Array, target: Array) -> Array:
    """Return the error, the short way round for the position of continuous joints.

    It is infinite where a free run diverged.
    """
    error, lost = forecast - target, np.isinf(forecast)
    if np.isnan(error).any():
        raise MetricError(f'A forecast of {kind} in {job.segment.name} is not a number.')
    short = short_error(kind, np.where(lost, 0.0, error), job.segment.joint_types)
    return np.where(lost, np.inf, short)


def _variance(jobs: Sequence[Job], kind: str, horizon: int) -> Array:
    """Return the variance of the target over all starts, unwrapped, shape (n_joints,)."""
    targets = []
    for job in jobs:
        rows: Array = getattr(job.truth, kind)
        continuous = continuous_joints(job.segment.joint_types)
        if kind == 'position' and continuous.any():
            rows = np.where(continuous, np.unwrap(rows, axis=0), rows)
        targets.append(rows[job.starts + horizon])
    variance: Array = np.concatenate(targets).var(axis=0)
    return variance


def _horizon_score(
    jobs: Sequence[Job],
    errors: Sequence[Array],
    variance: Array,
    moves: NDArray[np.bool_],
    effort_source: str,
) -> HorizonScore:
    """Pool the errors (n_starts, n_joints) of all segments, and those of each trajectory."""
    squares: dict[str, list[Array]] = {}
    for job, error in zip(jobs, errors, strict=True):
        squares.setdefault(job.segment.name, []).append(error**2)
    pooled = np.concatenate([e for parts in squares.values() for e in parts]).mean(axis=0)
    ratio = np.divide(pooled, variance, out=np.full_like(pooled, np.nan), where=moves)
    by_trajectory = {
        name: float((np.concatenate(parts).mean(axis=0)[moves] / variance[moves]).mean())
        for name, parts in squares.items()
    }
    return HorizonScore(
        nmse=float(ratio[moves].mean()),
        nmse_per_joint=ratio,
        rmse_per_joint=np.sqrt(pooled),
        nmse_per_trajectory=by_trajectory,
        effort_source=effort_source,
    )


def _noise_floor(
    jobs: Sequence[Job], horizons: Sequence[int], moves: Moves
) -> dict[tuple[str, int], float]:
    """Return the sensor's own nMSE against truth at the targets of each horizon."""
    floor = {}
    for kind, moving in moves.items():
        for horizon in horizons:
            squares = []
            for job in jobs:
                measured = _at(job, kind, (horizon,), measured=True)
                error = _error(job, kind, measured, _at(job, kind, (horizon,)))
                squares.append(error[:, 0] ** 2)
            mean = np.concatenate(squares).mean(axis=0)[moving]
            floor[kind, horizon] = float((mean / _variance(jobs, kind, horizon)[moving]).mean())
    return floor
