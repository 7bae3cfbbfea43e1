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
from lstm_dynamics_ros.workflows.options import ReplayOptions
import tyro


@dataclass(kw_only=True)
class Replay(ReplayOptions):
    """Run a bag through a model with the very tick of the node, and report.

    Writes the predictions to a bag and a self-contained HTML report: measured and predicted at
    several horizons, error over time and horizon, and a table beside plain predictors. With --ros
    the bag is published into a running node instead, together with /clock.
    """

    bag: Annotated[Path, tyro.conf.Positional]
    """Bag to replay."""
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
        scored = workflows.reports.replay_with_report(
            load_model(model), validated(self.pipeline), self, TERMINAL
        )
        say(scored.result.text())
        say(
            f'\n{len(scored.replayed.ticks)} ticks of {scored.replayed.duration:.1f} s in '
            f'{scored.seconds:.1f} s ({scored.realtime_factor:.0f} x real time). '
            f'Predictions: {self.predictions}, report: {self.report}'
        )
        write_json(self.json, scored.to_json())
        return 0
