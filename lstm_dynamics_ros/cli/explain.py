# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics explain`: what a model depends on, remembers and knows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
import tyro


@dataclass
class Explain:
    """Look inside a model on recordings, to decide whether to trust it.

    Says which inputs and how far back matter for each joint, how long the units remember, what
    they know that the inputs of the moment do not say, and how fast the model forgets how it
    started. Writes one HTML file. Needs the model file only, not its checkpoint.
    """

    model: Annotated[Path, tyro.conf.Positional]
    """Model file (.onnx)."""
    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags, of the robot the model is for."""
    out: Path = Path('explain.html')
    """Where to write the report."""
    json: Path | None = None
    """Write all figures as JSON to this file."""
    payloads: tuple[float, ...] = ()
    """Payload in each trajectory [kg], in the order of the bags; adds a probe for it."""
    settings: ExplainSettings = field(default_factory=ExplainSettings)

    def run(self) -> int:
        """Look inside, write the report."""
        from lstm_dynamics_ros.cli.evaluate import gridded  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.explanation_page import (  # noqa: PLC0415
            explanation_json,
            explanation_text,
            write_explanation,
        )
        from lstm_dynamics_ros.learning.interpretation.explain import explain  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        settings = validated(self.settings)
        loaded = load_model(self.model)
        segments = gridded(loaded, self.bags)
        names = list(dict.fromkeys(segment.name for segment in segments))
        if self.payloads and len(self.payloads) != len(names):
            raise ConfigError(
                f'--payloads must have one mass for each of the {len(names)} trajectories '
                f'{names}, got {len(self.payloads)}.'
            )
        payloads = dict(zip(names, self.payloads, strict=False))
        with progress('explain') as update:
            found = explain(
                loaded, segments, settings=settings, payloads=payloads, progress=update
            )
        with progress('report') as update:
            write_explanation(self.out, found, update)
        say(explanation_text(found))
        say(f'\nReport: {self.out}')
        write_json(self.json, explanation_json(found))
        return 0
