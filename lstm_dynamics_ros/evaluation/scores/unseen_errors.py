# SPDX-License-Identifier: Apache-2.0
"""Errors of a model on unseen recordings, each with how unusual the model found the moment.

A forward model is followed from row to row, and from every start a free run is made. The score of
novelty goes on along the run: at every horizon it is what the online score would be if the robot
did what the model says. So a score knows nothing that the forecast itself does not know, and
disagreement that grows along the run counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import CAUSAL, KNOWN_TORQUE, MODES
from lstm_dynamics_ros.evaluation.forecasters.model import observations
from lstm_dynamics_ros.evaluation.scores.horizons import forecast_jobs, Job
from lstm_dynamics_ros.evaluation.scores.inverse import Prior, require_prior, smoothed_segment
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.novelty import Batch, Novelty
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import Effort, roll
from lstm_dynamics_ros.signals.time_grid import continuous_joints, short_way
import numpy as np
from numpy.typing import NDArray

BATCH = 1024
"""Free runs made at once; bounds the memory."""

INVERSE = 'inverse'
"""Mode of models that predict the effort of the motion now."""


class Forecasts(NamedTuple):
    """The forecasts of one horizon in one segment, n of them in order of time."""

    trajectory: str
    """Name of the trajectory that the segment is of."""
    made: NDArray[np.int64]
    """Newest row that each forecast knows, shape (n,)."""
    due: NDArray[np.int64]
    """Row that it is of, shape (n,)."""
    errors: Matrix
    """Measured minus predicted, shape (n, n_targets); not finite where a free run diverged."""
    scores: Matrix
    """Novelty of each target, shape (n, n_targets)."""
    overall: Vector
    """Novelty of all targets together, shape (n,)."""
    excess: Batch
    """Both signs of it, by which bounds grow, shape (n, 2, n_targets); see
    :attr:`~lstm_dynamics_ros.runtime.novelty.Novelty.excess`."""


@dataclass(frozen=True, kw_only=True)
class UnseenErrors:
    """All forecasts of a model in some recordings."""

    card: ModelCard
    mode: str
    """``known_torque`` or ``causal`` of a forward model, else ``inverse``."""
    by_horizon: dict[int, list[Forecasts]]
    """Segments by horizon [steps]; horizon 0 of an inverse model."""

    def pooled(self, horizon: int) -> Forecasts:
        """Return the forecasts of all segments at one horizon as one."""
        parts = self.by_horizon[horizon]
        joined = [np.concatenate(column) for column in list(zip(*parts, strict=True))[1:]]
        return Forecasts('all', *joined)


def usual_mode(card: ModelCard) -> str:
    """Return the mode that the bounds of a card are of."""
    if card.model_kind != 'forward':
        return INVERSE
    return CAUSAL if card.provenance.get('conformal_effort') == 'causal' else KNOWN_TORQUE


def unseen_errors(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    horizons: Sequence[int] = (1,),
    stride: int = 1,
    mode: str | None = None,
    prior: Prior | None = None,
) -> UnseenErrors:
    """Run a model over recordings that it was not trained on.

    Args:
        loaded: A model of any kind.
        segments: The recordings on the model's time grid.
        horizons: How far ahead a forward model looks [steps].
        stride: Distance between forecasts of a forward model [steps]; of others every row counts.
        mode: What a forward model knows of the effort after the start, see
            :mod:`.forecasters.base`; by default what the bounds on its card are of.
        prior: What the output of a residual inverse model is added to.

    Raises:
        ConfigError: If the mode or a horizon is none, a residual model comes without prior, or a
            model has a disturbance as an input.
        DataError: If there is no segment, or the model needs signals that they do not hold.
        TooShortError: If no segment is long enough for one forecast.
    """
    card = loaded.card
    mode = mode or usual_mode(card)
    if is_motion_model(card):
        segments = [smoothed_segment(segment, card) for segment in segments]
    if card.model_kind != 'forward':
        return UnseenErrors(
            card=card, mode=INVERSE, by_horizon={0: _inverse(loaded, segments, prior)}
        )
    if mode not in MODES or min(horizons, default=0) < 1:
        raise ConfigError(f'Need a mode of {MODES} and horizons >= 1, got {mode}, {horizons}.')
    horizons = tuple(sorted(set(horizons)))
    found: dict[int, list[Forecasts]] = {horizon: [] for horizon in horizons}
    for job in forecast_jobs(segments, None, card.washout_steps + 1, horizons[-1], stride):
        for horizon, forecasts in _free_runs(loaded, job, horizons, mode).items():
            found[horizon].append(forecasts)
    return UnseenErrors(card=card, mode=mode, by_horizon=found)


def _inverse(
    loaded: LoadedModel, segments: Sequence[Segment], prior: Prior | None
) -> list[Forecasts]:
    """Return the errors of an inverse model, row by row."""
    card = loaded.card
    require_prior(card, prior, 'compare it with measured effort')
    found = []
    for job in forecast_jobs(segments, None, card.washout_steps + 1, 0, 1):
        step = _ScoredStep(loaded)
        target = job.segment.effort if prior is None else job.segment.effort - prior(job.segment)
        wanted = np.zeros(len(job.segment), bool)
        wanted[job.starts] = np.isfinite(target[job.starts]).all(axis=1)
        predicted, scores, overall, excess = [], [], [], []
        rows = observations(job.segment, card)
        wanted &= np.isfinite(rows).all(axis=1)
        for row, observation in enumerate(rows):
            step.advance(observation)
            if wanted[row]:
                predicted.append(step.prediction[0].astype(np.float64))
                scores.append(step.novelty.per_target[0])
                overall.append(step.novelty.value[0])
                excess.append(step.novelty.excess[0].copy())
        made = np.flatnonzero(wanted)
        if len(made):
            errors = target[made] - np.array(predicted)
            parts = (errors, np.array(scores), np.array(overall), np.array(excess))
            found.append(Forecasts(job.segment.name, made, made, *parts))
    if not found:
        raise DataError('No row of these recordings holds what the model needs and predicts.')
    return found


def _free_runs(
    loaded: LoadedModel, job: Job, horizons: Sequence[int], mode: str
) -> dict[int, Forecasts]:
    """Return the forecasts of a forward model in one segment, by horizon."""
    card, segment, starts = loaded.card, job.segment, job.starts
    rows = observations(segment, card)
    step = _ScoredStep(loaded)
    states = [np.empty((b.shape[0], len(starts), b.shape[2]), np.float32) for b in step.buffers]
    memories = np.empty((len(starts), len(card.targets)))
    before = 0
    for number, start in enumerate(starts):
        for row in range(before, start):
            step.advance(rows[row])
        before = int(start)
        memories[number] = step.novelty.memory[0]
        for kept, buffer in zip(states, step.buffers, strict=True):
            kept[:, number] = buffer[:, 0]
    kinds = list(dict.fromkeys(signal.kind for signal in card.targets))
    measured = np.hstack([getattr(segment, kind) for kind in kinds])
    turns = np.zeros(len(card.targets), bool)
    where = card.columns('position', of='targets')
    if where is not None:
        turns[where] = continuous_joints(segment.joint_types)
    own: Effort = 'hold' if card.columns('effort', of='targets') is None else 'predicted'
    parts: dict[int, list[tuple[Matrix, Matrix, Vector, Batch]]] = {h: [] for h in horizons}
    for first in range(0, len(starts), BATCH):
        group = slice(first, first + BATCH)
        some = starts[group]
        run = _ScoredStep(loaded, len(some), horizons)
        run.state, run.novelty.memory = [part[:, group] for part in states], memories[group]
        run.obs[:] = rows[some]
        known = segment.effort[some + np.arange(1, horizons[-1])[:, None]]
        ahead = roll(run, horizons[-1], effort=known if mode == KNOWN_TORQUE else own)
        for horizon in horizons:
            error = measured[some + horizon] - ahead[horizon - 1].astype(np.float64)
            parts[horizon].append((short_way(error, turns), *run.scores[horizon]))
    columns = {h: map(np.concatenate, zip(*found, strict=True)) for h, found in parts.items()}
    return {h: Forecasts(segment.name, starts, starts + h, *found) for h, found in columns.items()}


class _ScoredStep(OnnxStep):
    """A model whose every step is scored by how unusual the model finds it.

    Args:
        loaded: The model.
        batch: Number of rows N that are stepped together.
        keep: Steps, counted from 1, after which the scores are kept.
    """

    def __init__(self, loaded: LoadedModel, batch: int = 1, keep: Sequence[int] = ()) -> None:
        super().__init__(loaded, batch)
        self.novelty = Novelty(loaded.card, batch)
        self.scores: dict[int, tuple[Matrix, Vector, Batch]] = {}
        """Novelty of each target (N, n_targets), of all together (N,), and its signs, by step."""
        self._keep = keep
        self._steps = 0

    def step(self) -> NDArray[np.float32]:
        """See the base class."""
        prediction = super().step()
        self._steps += 1
        with np.errstate(invalid='ignore', over='ignore'):  # of runs that diverge
            self.novelty.update(self.obs, self.spread)
        if self._steps in self._keep:
            seen = self.novelty
            self.scores[self._steps] = (seen.per_target, seen.value, seen.excess.copy())
        return prediction

    def advance(self, observation: NDArray[np.float32]) -> None:
        """Take a step, or forget the past where something is not finite."""
        if np.isfinite(observation).all():
            self.obs[0] = observation
            self.step()
        else:
            self.reset()
            self.novelty.reset()
