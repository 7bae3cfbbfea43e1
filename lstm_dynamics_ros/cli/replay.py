# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics replay`: a bag through the very tick of the node."""

from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Annotated, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.evaluation.reports.html import Section
    from lstm_dynamics_ros.runtime.model_file import LoadedModel


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
            from lstm_dynamics_ros.workflows.live.player import play  # noqa: PLC0415 - needs ROS

            with progress('replay') as update:
                played = play(self.bag, rate=self.rate, progress=update)
            say(f'Published {played.messages} joint states in {played.seconds:.1f} s.')
            return 0
        if self.model is None:
            raise DataError('Give the model to replay with: --model MODEL.onnx (or use --ros).')
        return self._offline(self.model)

    def _offline(self, model: Path) -> int:
        from lstm_dynamics_ros.cli.evaluate import gridded  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.replay_report import write_report  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.uncertainty_section import (  # noqa: PLC0415
            uncertainty_section,
        )
        from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.scores.uncertainty import uncertainty  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.replay import replay_bag, write_predictions  # noqa: PLC0415

        loaded = load_model(model)
        forward = loaded.card.model_kind == 'forward'
        out = self.out or Path(f'{self.bag.stem}_replay')
        predictions = out / 'predictions'
        if predictions.exists() and not self.overwrite:
            raise DataError(f'{predictions} exists already; use --overwrite or another --out.')
        began = time.perf_counter()
        with progress('replay') as update:
            replayed = replay_bag(
                self.bag, loaded, validated(self.pipeline), self.horizons, progress=update
            )
        took = time.perf_counter() - began
        with progress('score') as update:
            test = gridded(loaded, [self.bag], last_share=self.last_share)
            training = gridded(loaded, self.training_bags) if self.training_bags else []
            ridge = fit_arx(training, progress=update) if training and forward else None
            scored = evaluate(
                loaded, test, training=training, ridge=ridge, horizons=self.horizons,
                progress=update,
            )  # fmt: skip
            sure = uncertainty(loaded, test, horizons=self.horizons, stride=5)
        scores = tuple(s for s in (scored.known_torque, scored.causal) if s is not None)
        facts = {
            'bag': self.bag.name,
            'replayed at': f'{replayed.duration / took:.0f} x real time',
        }
        if self.last_share < 1.0:
            facts['scored'] = f'the last {self.last_share:.0%} only'
        result = replayed.result(scores=scores, inverse=scored.inverse, facts=facts)
        sections, more = self._robustness(loaded)
        out.mkdir(parents=True, exist_ok=True)
        write_predictions(predictions, replayed, overwrite=self.overwrite)
        with progress('report') as update:
            sections = [uncertainty_section(sure), *sections]
            write_report(out / 'report.html', result, sections=sections, progress=update)
        say(f'{scored.text()}\n\n{sure.text()}')
        say(
            f'\n{len(replayed.ticks)} ticks of {replayed.duration:.1f} s in {took:.1f} s '
            f'({replayed.duration / took:.0f} x real time). '
            f'Predictions: {predictions}, report: {out / "report.html"}'
        )
        write_json(
            self.json,
            scored.to_json()
            | sure.to_json()
            | more
            | {
                'ticks': len(replayed.ticks),
                'realtime_factor': replayed.duration / took,
                'counters': replayed.counters,
            },
        )
        return 0

    def _robustness(self, loaded: 'LoadedModel') -> 'tuple[list[Section], dict[str, object]]':
        """Return the section of the report and the figures, if asked for."""
        if not self.robustness:
            return [], {}
        from lstm_dynamics_ros.cli.evaluate import recorded  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.robustness_section import (  # noqa: PLC0415
            robustness_section,
        )
        from lstm_dynamics_ros.workflows.robustness import compare_robustness  # noqa: PLC0415

        recordings = recorded(loaded, [self.bag], last_share=self.last_share)
        settings = validated(self.pipeline)
        found = compare_robustness([loaded], recordings, settings=settings)
        say(found.text() + '\n')
        return [robustness_section(found)], {'robustness': found.to_json()}
