# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics improve`: learn from what the correction itself does to the robot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
import tyro


@dataclass
class Improve:
    """Fine-tune a model for control on runs that were made with its own correction on.

    A model that was trained on a robot without correction has never seen the motions that its
    correction makes possible. So: record with the correction on, add these bags to the others,
    fine-tune, compare old and new model on held-out runs of both kinds, and keep the new one only
    if it is better. Exit code 1 means that the old one is still the best.

    On a robot record the bags first (`lstm-dynamics record` while the node is armed) and give them
    with --add. For an embedded robot, --robot makes the runs, and old and new model are also
    compared in the closed loop.
    """

    model: Annotated[Path, tyro.conf.Positional]
    """Model file in use."""
    checkpoint: Path
    """Checkpoint (best.pt) that it was exported from."""
    bags: tuple[Path, ...]
    """Bags, or folders of bags, that it was trained on."""
    out: Path
    """Model file to write if it is better."""
    add: tuple[Path, ...] = ()
    """Bags that were recorded with the correction on."""
    robot: str = ''
    """Embedded robot to record them with."""
    runs: int = 60
    """How many runs to record with an embedded robot."""
    duration: float = 25.0
    """Length of each [s]."""
    round: int = 1
    """Number of the round; another one makes other runs."""
    folder: Path | None = None
    """Where new bags and checkpoints are kept; runs/<name of the model> by default."""
    epochs: int = 60
    """Epochs of fine-tuning."""
    learning_rate: float = 2e-3
    """Largest learning rate of fine-tuning."""
    workers: int = 2
    """Processes that simulate at the same time."""
    json: Path | None = None
    """Write the comparison and the figures of the model as JSON to this file."""

    def run(self) -> int:
        """Record, train, compare, keep or not."""
        options = workflows.improve.ImproveOptions(
            model=self.model,
            checkpoint=self.checkpoint,
            bags=self.bags,
            out=self.out,
            folder=self.folder or Path('runs') / self.out.stem,
            add=self.add,
            robot=self.robot,
            runs=self.runs,
            duration=self.duration,
            round=self.round,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            workers=self.workers,
        )
        result = workflows.improve.improve(options, TERMINAL)
        for line in result.lines(self.model, self.out):
            say(line)
        write_json(self.json, result.to_json())
        return 0 if result.better else 1
