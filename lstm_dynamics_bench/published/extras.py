# SPDX-License-Identifier: Apache-2.0
"""What else is said of a set's models on its test trajectories, beside the published figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_dynamics_bench.published.robot_set import Judged
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.base import Attack
from lstm_dynamics_ros.evaluation.scores.uncertainty import uncertainty
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

NAMES = ('coverage', 'ood')
"""Names in the JSON: coverage of the bounds, and error over the out-of-distribution score."""

STRIDE = 5
"""Distance between forecasts of a forward model [steps]."""


def extras_of(judged: Sequence[Judged], horizons: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return how well the models of all folds know their errors.

    Args:
        judged: The models, each with what it has not seen.
        horizons: How far ahead forward models look [steps]; the headline is of the last.

    Returns:
        By :data:`NAMES`: every headline figure as its mean over folds, and the figures of each
        fold; where they cannot be had, why not.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    for one in judged:
        try:
            told = uncertainty(one.loaded, one.test, horizons=horizons, stride=STRIDE).to_json()
        except LstmDynamicsError as error:
            return {name: {'refused': str(error)} for name in NAMES}
        for name in NAMES:
            found[name].append(told[name])
    return {name: _mean(folds) | {'folds': folds} for name, folds in found.items()}


def robustness_of(
    loaded: LoadedModel, recordings: Sequence[Recording], attack: Attack | str
) -> dict[str, Any]:
    """Return what disturbances of its input do to a model, or why that cannot be said.

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
