# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics models`: retrain the shipped models from nothing."""

from dataclasses import dataclass
from pathlib import Path
import time
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.workflows.options import ModelsOptions
import tyro


@dataclass(kw_only=True)
class Models(ModelsOptions):
    """Retrain the shipped models from nothing: record bags of the embedded robots, train, export.

    Each robot has a forward model that predicts, and a residual model for control. The latter is
    trained on runs without correction, and then improved once on runs with its own. Beside the
    forward model the linear ARX fitted to the same bags is written, its baseline in the demo.
    Training sees measured signals only, never the simulator's truth.
    """

    robots: Annotated[tuple[str, ...], tyro.conf.Positional] = ('arm', 'pendulum')
    """Which robots."""
    json: Path | None = None
    """Write the figures as JSON to this file."""

    def run(self) -> int:
        """Record the bags of all robots, then train and export their models side by side."""
        began = time.perf_counter()
        cards = workflows.models.make_models(self, TERMINAL)
        took = time.perf_counter() - began
        say(f'{", ".join(self.robots)}: written to {self.out} in {took / 60:.1f} min.')
        write_json(self.json, {'seconds': took, 'cards': cards})
        return 0
