# SPDX-License-Identifier: Apache-2.0
"""Scores inverse models: the effort that went with a motion, against plain baselines.

A model for control has accelerations among its features. On the robot they are those of the
reference; in training, and here, they come from measured positions through the filter its card
names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
import re

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, DataError, TooShortError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import chosen_text
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.forecasters.model import observations
from lstm_dynamics_ros.evaluation.metrics import nmse, rmse
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.learning.identification.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np

Prior = Callable[[Segment], Matrix]
"""Rigid-body effort for every row of a segment, shape (n, n_joints)."""


def require_prior(card: ModelCard, prior: Prior | None, purpose: str) -> None:
    """Raise a ConfigError if a residual inverse model comes without its rigid-body prior."""
    if card.model_kind == 'residual_inverse' and prior is None:
        raise ConfigError(
            f'{card.name} predicts what is left of the effort after its rigid-body prior '
            f'({card.physics_prior}); give that prior to {purpose}.'
        )


def predict_effort(loaded: LoadedModel, segment: Segment, *, prior: Prior | None = None) -> Matrix:
    """Return the effort an inverse model sees in every row's motion, shape (n, n_joints).

    The hidden state starts from zero, so the first ``washout_steps`` rows are not yet at their
    best. Rows with a value that is not finite give NaN and a fresh start. A model that is asked
    about accelerations gets the motion its positions give through its own zero-phase filter.

    Args:
        loaded: An inverse or residual inverse model.
        segment: The motion.
        prior: What a residual inverse model's output is added to.

    Raises:
        ConfigError: If it is no inverse model, a residual one without its prior, or one that has
            its disturbance as an input.
    """
    card = loaded.card
    if card.model_kind == 'forward':
        raise ConfigError(f'{card.name} is a forward model; it predicts motion, not effort.')
    require_prior(card, prior, 'score it')
    if is_motion_model(card):
        segment = smoothed_segment(segment, card)
    obs = observations(segment, card)
    finite = np.asarray(np.isfinite(obs).all(axis=1))
    step = OnnxStep(loaded)
    effort = np.full((len(segment), card.n_joints), np.nan)
    for row, known in enumerate(finite):
        if known:
            step.obs[0] = obs[row]
            effort[row] = step.step()[0]
        else:
            step.reset()
    return effort if prior is None else effort + prior(segment)


def score_inverse(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    ridge: RidgeInverse | None = None,
    prior: Prior | None = None,
) -> ProtocolResult:
    """Score an inverse model on the measured effort, pooled over all segments.

    Args:
        loaded: The model.
        segments: Recorded motion with effort.
        ridge: The linear baseline, fitted to the model's training bags.
        prior: See :func:`predict_effort`.

    Returns:
        Columns ``rmse`` and ``nmse``; rows ``model``, ``mean`` (the best constant),
        ``effort_persistence`` (it gets the effort one step before, which the others do not) and,
        where given, ``ridge``.

    Raises:
        TooShortError: If no segment outlasts the washout.
    """
    washout = max(loaded.card.washout_steps, 20)
    predicted: dict[str, list[Matrix]] = {}
    measured: list[Matrix] = []
    for segment in segments:
        if len(segment) <= washout:
            continue
        rows = {'model': predict_effort(loaded, segment, prior=prior)}
        rows['effort_persistence'] = np.vstack([segment.effort[:1], segment.effort[:-1]])
        if ridge is not None:
            rows['ridge'] = ridge.predict(segment)
        usable = ~segment.filled & np.isfinite(np.hstack([*rows.values(), segment.effort])).all(1)
        usable[:washout] = False
        measured.append(segment.effort[usable])
        for name, values in rows.items():
            predicted.setdefault(name, []).append(values[usable])
    if not measured or not sum(len(rows) for rows in measured):
        longest = max((len(s) * s.dt for s in segments), default=0.0)
        raise TooShortError(longest, (washout + 1) * loaded.card.dt)
    target = np.concatenate(measured)
    if np.any(target.var(axis=0) == 0):
        raise DataError('A joint has the same effort throughout, so there is nothing to score.')
    predictions = {name: np.concatenate(rows) for name, rows in predicted.items()}
    predictions['mean'] = np.broadcast_to(target.mean(axis=0), target.shape)
    notes = ['effort_persistence gets the effort measured one step before; the others do not']
    notes += [] if ridge is None else [chosen_text('ridge', ridge.chosen)]
    return ProtocolResult(
        protocol=f'effort from motion, {len(target)} rows',
        unit='N m or N for rmse, 1 for nmse',
        joint_names=segments[0].joint_names,
        figures={
            name: {'rmse': rmse(target, values), 'nmse': nmse(target, values)}
            for name, values in predictions.items()
        },
        notes=tuple(notes),
    )


@dataclass(frozen=True, kw_only=True)
class SmoothedSegment(Segment):
    """A segment whose position and velocity are smooth, with the acceleration to them."""

    acceleration: Matrix
    """Joint accelerations [rad/s^2] or [m/s^2], shape (n_steps, n_joints)."""


def smoothed_segment(segment: Segment, card: ModelCard) -> SmoothedSegment:
    """Return a segment with the motion that its positions give; NaN where one is missing.

    Args:
        segment: Measured positions.
        card: Card of an inverse model with accelerations.

    Raises:
        ConfigError: If the model has its disturbance as an input, which depends on the latency
            of a robot, or its card does not say how motion was smoothed.
        TooShortError: If no gap-free stretch outlasts the filter.
    """
    if card.columns('disturbance') is not None:
        raise ConfigError(
            f'{card.name} gets the disturbance measured one latency before, so it is scored as '
            'it runs: lstm-dynamics replay, or benchmark tracking.'
        )
    cutoff = motion_cutoff(card)
    finite = np.isfinite(segment.position).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    motion = np.full((3, *segment.position.shape), np.nan)
    wraps = continuous_joints(segment.joint_types)
    for start, stop in edges.reshape(-1, 2):
        if stop - start > padding():
            rows = segment.position[start:stop]
            motion[:, start:stop] = smoothed_motion(rows, segment.dt, cutoff, continuous=wraps)
    if not np.isfinite(motion).any():
        lengths = np.diff(edges.reshape(-1, 2), axis=1)
        longest = float(lengths.max(initial=0)) * segment.dt
        raise TooShortError(longest, (padding() + 1) * segment.dt)
    own = {item.name: getattr(segment, item.name) for item in fields(Segment)}
    own |= {'position': motion[0], 'velocity': motion[1]}
    return SmoothedSegment(**own, acceleration=motion[2])


def motion_cutoff(card: ModelCard) -> float:
    """Return the cut-off that the motion of a model's training data passed [Hz].

    Raises:
        ConfigError: If the card does not tell.
    """
    made = str(card.provenance.get('acceleration', ''))
    found = re.search(r'([0-9.]+) Hz$', made)
    if found is None:
        raise ConfigError(
            f'The card of {card.name} does not say through which low-pass its accelerations came: '
            f'its provenance has {made!r} under acceleration. Export it again.'
        )
    return float(found.group(1))
