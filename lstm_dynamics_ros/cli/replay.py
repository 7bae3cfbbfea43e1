# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics replay`: a bag through the very tick of the node."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import progress, say, TERMINAL, write_json
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import load_model
import tyro


@dataclass
class Replay:
    """Run a bag through a model with the very tick of the node, and report.

    Writes the predictions to a bag and a self-contained HTML report: measured and predicted at
    several horizons, error over time and horizon, and a table beside plain predictors. With --ros
    the bag is published into a running node instead, together with /clock.
    """

    bag: Annotated[Path, tyro.conf.Positional]
    """Bag to replay."""
    model: Path | None = None
    """Model file (.onnx); not needed with --ros."""
    out: Path | None = None
    """Folder for predictions and report; <bag>_replay beside the working directory by default."""
    ros: bool = False
    """Publish the bag and /clock to a running node (use_sim_time:=true) instead."""
    rate: float = 1.0
    """Speed of --ros; 2 plays twice as fast."""
    training_bags: tuple[Path, ...] = ()
    """The bags the model was trained on; adds the ridge ARX(20) to the comparison."""
    last_share: float = 1.0
    """Score only this last share of the recording, e.g. 0.333 (what the model was not trained on);
    the report says so."""
    horizons: tuple[int, ...] = (1, 10, 50)
    """Horizons shown and scored [steps]."""
    robustness: bool = False
    """Add to the report the error under noise, lost and late messages, and the worst small
    disturbance of the input."""
    overwrite: bool = False
    """Replace an earlier replay."""
    json: Path | None = None
    """Write the figures as JSON to this file."""
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)

    def run(self) -> int:
        """Replay offline, or publish."""
        if self.ros:
            with progress('replay') as update:
                played = workflows.live.player.play(self.bag, rate=self.rate, progress=update)
            say(f'Published {played.messages} joint states in {played.seconds:.1f} s.')
            return 0
        if self.model is None:
            raise DataError('Give the model to replay with: --model MODEL.onnx (or use --ros).')
        return self._offline(self.model)

    def _offline(self, model: Path) -> int:
        options = workflows.reports.ReplayOptions(
            out=self.out or Path(f'{self.bag.stem}_replay'),
            training_bags=self.training_bags,
            last_share=self.last_share,
            horizons=self.horizons,
            robustness=self.robustness,
            overwrite=self.overwrite,
        )
        scored = workflows.reports.replay_with_report(
            self.bag, load_model(model), validated(self.pipeline), options, TERMINAL
        )
        say(scored.result.text())
        say(
            f'\n{len(scored.replayed.ticks)} ticks of {scored.replayed.duration:.1f} s in '
            f'{scored.seconds:.1f} s ({scored.realtime_factor:.0f} x real time). '
            f'Predictions: {options.predictions}, report: {options.report}'
        )
        write_json(self.json, scored.to_json())
        return 0
