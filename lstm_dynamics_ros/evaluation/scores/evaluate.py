# SPDX-License-Identifier: Apache-2.0
"""Scores a model of any kind on recorded trajectories, beside its baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import CAUSAL, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import ConstantVelocity, Persistence
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx
from lstm_dynamics_ros.evaluation.library_versions import library_versions
from lstm_dynamics_ros.evaluation.scores.horizons import horizon_scores, HORIZONS
from lstm_dynamics_ros.evaluation.scores.inverse import Prior, score_inverse
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
from lstm_dynamics_ros.runtime.model_file import LoadedModel


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of a model on some recordings."""

    model_name: str
    model_sha256: str
    trajectories: tuple[str, ...]
    data_sha256: str
    """Digest of the scored segments, see :func:`digest`."""
    known_torque: Scores | None = None
    """Of a forward model."""
    causal: Scores | None = None
    """Of a forward model."""
    inverse: ProtocolResult | None = None
    """Of an inverse model."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; ``nmse`` is known torque."""
        out: dict[str, Any] = {
            'model': {'name': self.model_name, 'sha256': self.model_sha256},
            'trajectories': list(self.trajectories),
            'data_sha256': self.data_sha256,
            'versions': library_versions(),
        }
        if self.known_torque is not None:
            out |= {'nmse': self.known_torque.nmse(), 'known_torque': self.known_torque.to_json()}
        if self.causal is not None:
            out |= {'nmse_causal': self.causal.nmse(), 'causal': self.causal.to_json()}
        if self.inverse is not None:
            out |= {'inverse': self.inverse.to_json()}
        return out

    def text(self) -> str:
        """Return the tables for a terminal."""
        parts = [p.text() for p in (self.known_torque, self.causal, self.inverse) if p is not None]
        return '\n\n'.join([f'{self.model_name} ({self.model_sha256[:12]})', *parts])


def digest(segments: Sequence[Segment]) -> str:
    """Return the sha256 over the names and values of segments, as hexadecimal digits."""
    total = sha256()
    for segment in segments:
        total.update(segment.name.encode())
        for values in (segment.position, segment.velocity, segment.effort):
            total.update(values.tobytes())
    return total.hexdigest()


def evaluate(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    training: Sequence[Segment] = (),
    ridge: RidgeArx | None = None,
    truth: Sequence[Segment] | None = None,
    prior: Prior | None = None,
    horizons: Sequence[int] = HORIZONS,
    stride: int = 5,
    progress: Progress = no_progress,
) -> Evaluation:
    """Score a model on segments.

    Args:
        loaded: A model of any kind.
        segments: Trajectories it was not trained on.
        training: Those it was trained on; the ridge of an inverse model is fitted to them.
        ridge: Linear baseline of a forward model, fitted to the model's training bags.
        truth: See :func:`.horizons.horizon_scores`.
        prior: Rigid-body effort, for a residual inverse model.
        horizons: How far ahead a forward model looks [steps].
        stride: Distance between forecasts [steps].
        progress: Called with (done, total, what).
    """
    scores: dict[str, Any] = {}
    if loaded.card.model_kind != 'forward':
        inverse_ridge = RidgeInverse.fit(training) if training else None
        scores['inverse'] = score_inverse(loaded, segments, ridge=inverse_ridge, prior=prior)
    else:
        baselines = [Persistence(), ConstantVelocity(), *([] if ridge is None else [ridge])]
        for mode in (KNOWN_TORQUE, CAUSAL):
            scores[mode] = horizon_scores(
                [ModelForecaster(loaded), *baselines],
                segments,
                mode=mode,
                truth=truth,
                horizons=horizons,
                stride=stride,
                progress=progress,
            )
    return Evaluation(
        model_name=loaded.card.name,
        model_sha256=loaded.sha256,
        trajectories=tuple(dict.fromkeys(segment.name for segment in segments)),
        data_sha256=digest(segments),
        **scores,
    )
