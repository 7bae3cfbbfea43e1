# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics latency`: the time from command to effort, from a bag."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.quality.latency_report import command_latency, tracking_latency
import tyro


@dataclass
class Latency:
    """Measure from a bag how much later the effort follows the command, joint by joint.

    A correction must look ahead by this time. The bag needs joint states with effort and the
    command topic, recorded while a small probe runs (`lstm-dynamics excite --probe` makes one):
    a command that only follows the measurements cannot tell. What is measured is bus, drive and
    lag; the time from measurement to command is in the stamps of the node's own commands.
    """

    bag: Annotated[Path, tyro.conf.Positional]
    """Bag with joint states and command."""
    dt: float = 0.005
    """Step of the model the latency is for [s]."""
    tracking: bool = False
    """Instead, how much later the measured velocity follows the reference."""
    topic: str | None = None
    """Topic of the joint states; the only one in the bag by default."""
    json: Path | None = None
    """Write the figures as JSON to this file."""

    def run(self) -> int:
        """Print the table; 1 if the data cannot tell."""
        if not self.dt > 0:
            raise ConfigError(f'--dt must be > 0 s, got {self.dt}.')
        with progress('latency') as update:
            update(0, 2, 'reading')
            recording = read_recording(self.bag, topic=self.topic)
            update(1, 2, 'estimating')
            report = (tracking_latency if self.tracking else command_latency)(recording)
            update(2, 2, 'done')
        say(report.text(self.dt))
        write_json(self.json, report.to_json(self.dt))
        return 0 if report.seconds is not None else 1
