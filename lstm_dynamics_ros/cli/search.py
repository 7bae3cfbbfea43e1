# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics search`: settings chosen by cross-validation inside the training data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.settings import read_variants
import tyro


@dataclass
class Search(EngineOptions):
    """Compare settings by cross-validation over the trajectories of the training data.

    The file names variants; each changes some of the settings that all share:

        settings: {model_kind: inverse, members: 4, max_epochs: 20}
        variants:
          base: {}
          larger: {hidden_size: 64}

    Every variant is trained once per member, each without another part of the trajectories, and
    scored on what was left out. Errors are printed relative to the first variant. What was
    trained stays in the folder, so a search that was interrupted goes on.
    """

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags. Leave out those that are kept for a test."""
    variants: Path
    """YAML file with `settings` and `variants`."""
    folder: Path = Path('runs/search')
    """Where checkpoints and outcomes are kept."""
    leave_out: tuple[str, ...] = ()
    """Names of trajectories that are not used at all."""
    only: tuple[str, ...] = ()
    """Train only the variants of these names (and the first)."""
    urdf: Path | None = None
    """Rigid-body prior of the variants that have one."""
    identified: Path | None = None
    """Prior made by `lstm-dynamics identify`, instead of a URDF."""
    json: Path | None = None
    """Write all figures as JSON to this file."""

    def run(self) -> int:
        """Train all variants, print the table."""
        workflows.engines.check_engine(self)
        chosen = read_variants(self.variants)
        recordings = workflows.recordings.as_recordings(self.bags)
        outcomes = workflows.search.search(
            list(workflows.recordings.leaving_out(recordings, self.leave_out)),
            chosen,
            folder=self.folder,
            only=self.only,
            prior=self.identified or self.urdf,
            workers=self,
            listener=TERMINAL,
        )
        say(workflows.search.table(outcomes))
        first = outcomes[0]
        figures = {one.name: workflows.search.outcome_figures(one, first) for one in outcomes}
        write_json(self.json, {'variants': figures})
        return 0
