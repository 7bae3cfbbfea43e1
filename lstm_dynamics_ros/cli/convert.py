# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics convert`: tables of recorded joint states into bags."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.data.tables.convert import convert
from lstm_dynamics_ros.data.tables.mapping import load_mapping
from lstm_dynamics_ros.workflows.engines import check_engine, engine_of
from lstm_dynamics_ros.workflows.options import EngineOptions
import tyro


@dataclass
class Convert(EngineOptions):
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
        check_engine(self)
        mapping = load_mapping(self.mapping)
        with progress('convert') as update, engine_of(self, self.out) as engine:
            bags = convert(
                self.source,
                mapping,
                self.out,
                storage=self.storage,
                overwrite=self.overwrite,
                engine=engine,
                progress=update,
            )
        say(f'{len(bags)} bags in {self.out}: {", ".join(bag.name for bag in bags)}')
        say(f'Look at the data before you train: lstm-dynamics inspect {self.out}')
        write_json(self.json, {'bags': [str(bag) for bag in bags]})
        return 0
