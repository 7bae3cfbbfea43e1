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
from lstm_dynamics_bench.published.robot_set import BaselineFigures, Fold, FoldModel
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import Source
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.base import Attack
from lstm_dynamics_ros.evaluation.scores.uncertainty import uncertainty
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np

NAMES = ('coverage', 'ood')
"""Names in the JSON: coverage of the bounds, and error over the out-of-distribution score."""

STRIDE = 5
"""Distance between forecasts of a forward model [steps]."""


@dataclass(frozen=True, kw_only=True)
class ScoreJob:
    """Models of one set and seed that are to be scored."""

    source: Source
    seed: int
    folds: tuple[Fold, ...]
    models: tuple[Path, ...]
    """One per fold."""
    baselines: BaselineFigures
    cache: Path
    retrain: bool = False
    """Whether a kept score is not good enough."""


def no_attack(_: LoadedModel) -> str:
    """Return why no worst disturbance is searched for."""
    return 'nobody asked for it'


def scored(
    job: ScoreJob, attack_of: Callable[[LoadedModel], Attack | str] = no_attack
) -> dict[str, Any]:
    """Return the score of a set as JSON, with the ``seconds`` it took when it was made.

    Robustness is that of the first fold on its first test trajectory.

    Args:
        job: What to score.
        attack_of: Returns what finds the worst disturbance of a model, or why there is none.

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
            'frozen': dict(job.baselines.frozen),
            'code': code_digest(MAKES_SCORES),
        }
    )
    kept = job.cache / 'scores' / job.source.name / f'{key}.json'
    known = None if job.retrain else read_kept(kept)
    if known is not None:
        return known
    models = []
    for fold, model in zip(job.folds, loaded, strict=True):
        card = model.card
        models.append(
            FoldModel(
                model,
                job.source.segments(fold.test, card),
                job.source.segments(fold.train, card),
            )
        )
    spec = SETS[job.source.name]()
    score = spec.score(models, job.baselines)
    values = score.to_json() | {
        'extras': extras_of(models, spec.horizons)
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


def extras_of(models: Sequence[FoldModel], horizons: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return how well the models of all folds know their errors.

    Args:
        models: The models, each with what it has not seen.
        horizons: How far ahead forward models look [steps]; the headline is of the last.

    Returns:
        By :data:`NAMES`: every headline figure as its mean over folds, and the figures of each
        fold; where they cannot be had, why not.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    for one in models:
        try:
            known = uncertainty(one.loaded, one.test, horizons=horizons, stride=STRIDE).to_json()
        except LstmDynamicsError as error:
            return {name: {'refused': str(error)} for name in NAMES}
        for name in NAMES:
            found[name].append(known[name])
    return {name: _mean(folds) | {'folds': folds} for name, folds in found.items()}


def robustness_of(
    loaded: LoadedModel, recordings: Sequence[Recording], attack: Attack | str
) -> dict[str, Any]:
    """Return what disturbances of its input do to a model, or why that is not known.

    Args:
        loaded: The model.
        recordings: What it has not seen, not yet on a grid.
        attack: Finds the worst disturbance, or why that is left out.
    """
    try:
        return measure_robustness(loaded, recordings, attack=attack).to_json()
    except LstmDynamicsError as error:
        return {'refused': str(error)}


def _mean(folds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean over folds of every figure that all of them have."""
    return {
        key: float(np.mean([fold[key] for fold in folds]))
        for key, value in folds[0].items()
        if isinstance(value, float) and all(isinstance(fold.get(key), float) for fold in folds)
    }
