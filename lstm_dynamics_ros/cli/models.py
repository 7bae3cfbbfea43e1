# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics models`: retrain the shipped models from nothing."""

from dataclasses import dataclass
from pathlib import Path
import time
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
import tyro

KINDS = ('forward', 'residual')
"""Models of each robot: one that predicts, and one for control."""


@dataclass
class Models:
    """Retrain the shipped models from nothing: record bags of the embedded robots, train, export.

    Each robot has a forward model that predicts, and a residual model for control. The latter is
    trained on runs without correction, and then improved once on runs with its own. Beside the
    forward model the ridge ARX(20) fitted to the same bags is written, its opponent in the demo.
    Training sees measured signals only, never the simulator's truth.
    """

    robots: Annotated[tuple[str, ...], tyro.conf.Positional] = ('arm', 'pendulum')
    """Which robots."""
    kinds: tuple[str, ...] = KINDS
    """Which models: forward, residual."""
    out: Path = Path('models')
    """Folder for the models."""
    folder: Path = Path('runs/models')
    """Folder for bags and checkpoints."""
    runs: int = 0
    """Training runs of each robot; 0 takes as many as the shipped models had (120 and 60)."""
    duration: float = 25.0
    """Length of each run [s]."""
    seed: int = 0
    """Seed of the training plan."""
    workers: int = 2
    """Processes that simulate at the same time."""
    json: Path | None = None
    """Write the figures as JSON to this file."""

    def run(self) -> int:
        """Record the bags of all robots, then train and export their models side by side."""
        options = workflows.models.ModelsOptions(
            out=self.out,
            folder=self.folder,
            runs=self.runs,
            duration=self.duration,
            seed=self.seed,
            workers=self.workers,
        )
        began = time.perf_counter()
        cards: dict[str, object] = {}
        if 'forward' in self.kinds:
            cards |= workflows.models.forward_models(self.robots, options, TERMINAL)
        for name in self.robots if 'residual' in self.kinds else ():
            cards[f'{name}_residual'] = workflows.models.control_model(name, options, TERMINAL)
        took = time.perf_counter() - began
        say(f'{", ".join(self.robots)}: written to {self.out} in {took / 60:.1f} min.')
        write_json(self.json, {'seconds': took, 'cards': cards})
        return 0
