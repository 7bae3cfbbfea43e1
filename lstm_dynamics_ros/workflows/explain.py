# SPDX-License-Identifier: Apache-2.0
"""Looking inside a model on recordings, and the report of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.evaluation.reports.explanation_page import (
    explanation_json,
    explanation_text,
    write_explanation,
)
from lstm_dynamics_ros.learning.interpretation.explain import explain as explain_segments
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.recordings import on_grid_of, Recordings, recordings_for


@dataclass(frozen=True)
class ExplainResult:
    """What was found in a model."""

    explanation: Explanation

    def text(self) -> str:
        """Return the findings for a terminal."""
        return explanation_text(self.explanation)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return explanation_json(self.explanation)


def explain(
    loaded: LoadedModel,
    recordings: Recordings,
    out: Path,
    settings: ExplainSettings,
    *,
    payloads: Sequence[float] = (),
    listener: Listener = SILENT,
) -> ExplainResult:
    """Find out what a model depends on, remembers and knows, and write a report.

    Args:
        loaded: The model.
        recordings: Of the robot that the model is for.
        out: Where to write the report (.html).
        settings: What to look at.
        payloads: Payload in each trajectory [kg], in their order; adds a probe for it.
        listener: Is shown the progress.

    Raises:
        ConfigError: If there is not one payload for each trajectory.
        DataError: If the recordings are too short.
    """
    segments = on_grid_of(loaded, recordings_for(loaded, recordings))
    names = list(dict.fromkeys(segment.name for segment in segments))
    if payloads and len(payloads) != len(names):
        raise ConfigError(
            f'--payloads must have one mass for each of the {len(names)} trajectories '
            f'{names}, got {len(payloads)}.'
        )
    masses = dict(zip(names, payloads, strict=False))
    with listener.progress('explain') as update:
        found = explain_segments(
            loaded, segments, settings=settings, payloads=masses, progress=update
        )
    with listener.progress('report') as update:
        write_explanation(out, found, update)
    return ExplainResult(found)
