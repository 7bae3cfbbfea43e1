# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics convert`: tables of recorded joint states into bags."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.data.tables.convert import convert
from lstm_dynamics_ros.data.tables.mapping import load_mapping
import tyro


@dataclass
class Convert:
    """Turn csv, mat or npz tables into rosbag2, one bag per trajectory.

    A small mapping file says which columns are what, in which unit. Those of six published sets
    come along (config/mappings), and are good examples for your own.
    """

    source: Annotated[Path, tyro.conf.Positional]
    """Folder of the data set, or one file of it."""
    mapping: str
    """Mapping file, or the name of one that comes along: kuka_lwr, baxter_ugr, ..."""
    out: Path
    """Folder for the bags."""
    storage: str = 'mcap'
    """Storage of the bags: mcap or sqlite3."""
    overwrite: bool = False
    """Replace bags that are already there."""
    json: Path | None = None
    """Write the list of bags as JSON to this file."""

    def run(self) -> int:
        """Convert, and say what was written."""
        with progress('convert') as update:
            bags = convert(
                self.source,
                load_mapping(self.mapping),
                self.out,
                storage=self.storage,
                overwrite=self.overwrite,
                progress=update,
            )
        say(f'{len(bags)} bags in {self.out}: {", ".join(bag.name for bag in bags)}')
        say(f'Look at the data before you train: lstm-dynamics inspect {self.out}')
        write_json(self.json, {'bags': [str(bag) for bag in bags]})
        return 0
