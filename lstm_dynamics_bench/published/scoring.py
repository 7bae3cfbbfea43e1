# SPDX-License-Identifier: Apache-2.0
"""Scores the models of one set and seed, in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_bench.published.cache import (
    code_digest,
    keep,
    key_of,
    MAKES_SCORES,
    read_kept,
)
from lstm_dynamics_bench.published.extras import extras_of, robustness_of
from lstm_dynamics_bench.published.robot_set import Fold, Judged, Opponents
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import Source
from lstm_dynamics_ros.evaluation.robustness.base import Attack
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel


@dataclass(frozen=True, kw_only=True)
class ScoreJob:
    """What is to be scored."""

    source: Source
    seed: int
    folds: tuple[Fold, ...]
    models: tuple[Path, ...]
    """One per fold."""
    opponents: Opponents
    cache: Path
    retrain: bool = False
    """Whether a kept score is not good enough."""


def no_attack(_: LoadedModel) -> str:
    """Say that nobody looks for the worst disturbance."""
    return 'nobody asked for it'


def scored(
    job: ScoreJob, attack_of: Callable[[LoadedModel], Attack | str] = no_attack
) -> dict[str, Any]:
    """Return the score of a set as JSON, with the ``seconds`` it took when it was made.

    Robustness is that of the first fold on its first test trajectory.

    Args:
        job: What to score.
        attack_of: Makes what finds the worst disturbance of a model, or says why there is none.

    Raises:
        LstmDynamicsError: If a model or trajectory cannot be scored.
    """
    began = time.perf_counter()
    loaded = [load_model(path) for path in job.models]
    key = key_of(
        {
            'models': [model.sha256 for model in loaded],
            'data': job.source.sha256,
            'bags': job.source.bags.name,
            'frozen': dict(job.opponents.frozen),
            'code': code_digest(MAKES_SCORES),
        }
    )
    kept = job.cache / 'scores' / job.source.name / f'{key}.json'
    known = None if job.retrain else read_kept(kept)
    if known is not None:
        return known
    judged = []
    for fold, model in zip(job.folds, loaded, strict=True):
        card = model.card
        judged.append(
            Judged(
                model,
                job.source.segments(fold.test, card),
                job.source.segments(fold.train, card),
            )
        )
    spec = SETS[job.source.name]()
    score = spec.score(judged, job.opponents)
    values = score.to_json() | {
        'extras': extras_of(judged, spec.horizons)
        | {
            'robustness': {'refused': spec.no_robustness}
            if spec.no_robustness
            else robustness_of(
                loaded[0],
                job.source.recordings(job.folds[0].test[:1], loaded[0].card.joint_names),
                attack_of(loaded[0]),
            )
        },
        'seconds': time.perf_counter() - began,
    }
    keep(kept, values)
    return values


def frozen_of(reproduced: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """Return the frozen figures of what was reproduced, by key."""
    return {key: item.frozen for key, item in reproduced.items()}
