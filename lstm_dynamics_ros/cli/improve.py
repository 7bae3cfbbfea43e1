# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics improve`: learn from what the correction itself does to the robot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.workflows.options import ImproveOptions
import tyro


@dataclass(kw_only=True)
class Improve(ImproveOptions):
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
    json: Path | None = None
    """Write the comparison and the figures of the model as JSON to this file."""

    def run(self) -> int:
        """Record, train, compare, keep or not."""
        result = workflows.improve.improve(self, TERMINAL)
        for line in result.lines(self.model, self.out):
            say(line)
        write_json(self.json, result.to_json())
        return 0 if result.better else 1
