# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics models`: retrain the shipped models from nothing."""

from dataclasses import dataclass, replace
from pathlib import Path
import time
from typing import Annotated, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.cli.train import (
    card_figures,
    COMMAND_DEFAULTS,
    read_settings,
    train_model,
)
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.workflows.control_model import record_planned, train_control_model
from lstm_dynamics_ros.workflows.pool import pool
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.sim.collection import PlannedRun

RUNS = {'arm': 120, 'pendulum': 60}
"""Training runs of each robot."""

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
        began = time.perf_counter()
        cards: dict[str, object] = {}
        if 'forward' in self.kinds:
            cards |= self._forward()
        for name in self.robots if 'residual' in self.kinds else ():
            cards[f'{name}_residual'] = train_control_model(
                name, self.out, self.folder / name / 'residual', runs=self.runs,
                duration=self.duration, seed=self.seed, workers=self.workers,
            )  # fmt: skip
        took = time.perf_counter() - began
        say(f'{", ".join(self.robots)}: written to {self.out} in {took / 60:.1f} min.')
        write_json(self.json, {'seconds': took, 'cards': cards})
        return 0

    def _forward(self) -> dict[str, object]:
        """Make the forward models; return the figures of their cards."""
        for name in self.robots:
            plan = self._plan(name)
            bags = self.folder / name / 'bags'
            jobs = [(name, planned, bags / planned.name) for planned in plan]
            with progress(f'{name}: record') as update, pool(self.workers) as workers:
                for done, _ in enumerate(workers.map(record_planned, jobs)):
                    update(done + 1, len(plan), '')
        say('Training; the slowest model takes about 10 minutes ...')
        with pool(self.workers) as workers:
            made = workers.map(self._train, self.robots)
            return {f'{name}_forward': c for name, c in zip(self.robots, made, strict=True)}

    def _plan(self, name: str) -> 'list[PlannedRun]':
        """Return the runs a robot's model is trained on."""
        from lstm_dynamics_ros.sim.collection import training_plan  # noqa: PLC0415
        from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415

        runs = self.runs or RUNS.get(name, 60)
        return training_plan(load_robot(name), runs, seed=self.seed, duration=self.duration)

    def _train(self, name: str) -> dict[str, object]:
        """Train and export one robot's model, and fit the ridge; return the card's figures."""
        from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
        from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx  # noqa: PLC0415
        from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415

        bags = self.folder / name / 'bags'
        recordings = read_recordings([bags / planned.name for planned in self._plan(name)])
        settings = read_settings(
            asset(f'config/training/{name}_forward.yaml'),
            replace(COMMAND_DEFAULTS, seed=self.seed),
        )
        limits = tuple(float(limit) for limit in load_robot(name).effort_limit)
        card = train_model(
            recordings,
            settings,
            ExportSettings(name=f'{name}_forward', effort_limits=limits),
            out=self.out / f'{name}_forward.onnx',
            folder=self.folder / name / 'training',
        )
        with progress(f'{name}: ridge') as update:
            gridded = [s for recording in recordings for s in segments(recording, settings.dt)]
            fit_arx(gridded, progress=update).save(self.out / f'{name}_ridge.npz')
        return card_figures(card)
