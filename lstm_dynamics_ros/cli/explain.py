# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics explain`: what a model depends on, remembers and knows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.runtime.model_file import load_model
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
        settings = validated(self.settings)
        result = workflows.explain.explain(
            load_model(self.model),
            self.bags,
            self.out,
            settings,
            payloads=self.payloads,
            listener=TERMINAL,
        )
        say(result.text())
        say(f'\nReport: {self.out}')
        write_json(self.json, result.to_json())
        return 0
