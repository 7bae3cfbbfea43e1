# SPDX-License-Identifier: Apache-2.0
"""Robustness for the commands that report: one model on recordings, or two side by side."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress
from lstm_dynamics_ros.core.errors import ModelFileError

if TYPE_CHECKING:
    from lstm_dynamics_ros.core.state import Matrix
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.evaluation.robustness.base import Attack
    from lstm_dynamics_ros.evaluation.robustness.comparison import Comparison
    from lstm_dynamics_ros.pipeline.settings import PipelineSettings
    from lstm_dynamics_ros.runtime.model_file import LoadedModel


def compare_robustness(
    models: 'Sequence[LoadedModel]',
    recordings: 'Sequence[Recording]',
    *,
    settings: 'PipelineSettings | None' = None,
    prior: 'Callable[[Segment], Matrix] | None' = None,
) -> 'Comparison':
    """Measure one model or two on the same recordings, with a progress bar.

    Args:
        models: The model in question first.
        recordings: Joint states of the models' joints, in the models' order.
        settings: How the node takes in joint states.
        prior: Rigid-body effort, for residual inverse models.
    """
    from lstm_dynamics_ros.evaluation.robustness import measure_robustness  # noqa: PLC0415
    from lstm_dynamics_ros.evaluation.robustness.comparison import Comparison  # noqa: PLC0415

    results = []
    for loaded in models:
        with progress(f'robustness of {loaded.card.name}') as update:
            results.append(
                measure_robustness(
                    loaded,
                    recordings,
                    attack=worst_case(loaded),
                    settings=settings,
                    prior=prior,
                    progress=update,
                )
            )
    return Comparison(results=tuple(results))


def worst_case(loaded: 'LoadedModel') -> 'Attack | str':
    """Return what looks for the worst disturbance, or why there is nothing that could."""
    try:
        from lstm_dynamics_ros.learning.interpretation.worst_case import worst_case_of  # noqa: PLC0415
    except ImportError:
        return 'that needs torch and onnx'
    try:
        return worst_case_of(loaded)
    except ModelFileError as error:
        return str(error)
