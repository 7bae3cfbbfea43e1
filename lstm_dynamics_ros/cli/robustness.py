# SPDX-License-Identifier: Apache-2.0
"""Robustness for the commands that report: one model on recordings, or two side by side."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress

if TYPE_CHECKING:
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.evaluation.robustness.base import Attack
    from lstm_dynamics_ros.evaluation.robustness.comparison import Comparison
    from lstm_dynamics_ros.pipeline_settings import PipelineSettings
    from lstm_dynamics_ros.runtime.model_file import LoadedModel
    from lstm_dynamics_ros.state import Matrix


def compare_robustness(
    models: 'Sequence[tuple[Path, LoadedModel]]',
    recordings: 'Sequence[Recording]',
    *,
    settings: 'PipelineSettings | None' = None,
    prior: 'Callable[[Segment], Matrix] | None' = None,
) -> 'Comparison':
    """Measure one model or two on the same recordings, with a progress bar.

    Args:
        models: File and model, the one in question first.
        recordings: Joint states of the models' joints, in the models' order.
        settings: How the node takes in joint states.
        prior: Rigid-body effort, for residual inverse models.
    """
    from lstm_dynamics_ros.evaluation.robustness import measure_robustness  # noqa: PLC0415
    from lstm_dynamics_ros.evaluation.robustness.comparison import Comparison  # noqa: PLC0415

    results = []
    for path, loaded in models:
        with progress(f'robustness of {loaded.card.name}') as update:
            results.append(
                measure_robustness(
                    loaded,
                    recordings,
                    attack=worst_case(path, loaded),
                    settings=settings,
                    prior=prior,
                    progress=update,
                )
            )
    return Comparison(results=tuple(results))


def worst_case(path: Path, loaded: 'LoadedModel') -> 'Attack | None':
    """Return what looks for the worst disturbance; None where torch is not installed."""
    try:
        from lstm_dynamics_ros.training.differentiable import DifferentiableModel  # noqa: PLC0415
        from lstm_dynamics_ros.training.worst_case import WorstCase  # noqa: PLC0415
    except ImportError:
        return None
    return WorstCase(DifferentiableModel(path), loaded.card)
