# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics demo`: watch a recurrent model predict an embedded robot, live, over ROS 2."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from lstm_dynamics_ros.assets import assets
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.parameters import leaves, validated
from lstm_dynamics_ros.ros.settings import DemoSettings, find_model

if TYPE_CHECKING:
    from lstm_dynamics_ros.evaluation.evaluate import Evaluation
    from lstm_dynamics_ros.ros.demo import DemoResult
    from lstm_dynamics_ros.runtime.model_file import LoadedModel


@dataclass
class Demo:
    """Watch a recurrent model predict an embedded robot, live, over ROS 2.

    Starts the robot and the node in processes of their own, on a ROS domain of their own, shows
    measured and predicted positions, and at the end how good the predictions were: beside
    persistence, constant velocity and a ridge ARX(20) fitted to the model's own training bags, on
    a payload and a motion that are not in the training set.
    """

    headless: bool = False
    """Draw nothing while it runs, and write no report unless asked for."""
    json: Path | None = None
    """Write the figures as JSON to this file."""
    report: Path | None = None
    """Write the HTML report to this file; runs/demo/report.html by default, unless headless."""
    figure: Path | None = None
    """Write the picture of the README to this file (PNG)."""
    demo: DemoSettings = field(default_factory=DemoSettings)

    def run(self) -> int:
        """Run the demo, score it, say what was seen."""
        from lstm_dynamics_ros.ros.demo import run_demo, with_payload  # noqa: PLC0415 - needs ROS
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        settings = with_payload(validated(self.demo))
        say(
            f'Starting {settings.robot} with {settings.payload:g} kg that its model knows nothing '
            f'of, and the node that predicts it, for {settings.duration:g} s ...'
        )
        draw = not self.headless and sys.stdout.isatty()
        with nullcontext(None) if draw else progress('demo') as update:
            result = run_demo(settings, headless=not draw, progress=update)
        loaded = load_model(find_model(settings.model or f'{settings.robot}_forward'))
        scored = self._score(loaded, result, settings.robot)
        say(text(result, scored))
        write_json(self.json, figures(result, scored, settings))
        report = self.report or (None if self.headless else Path('runs/demo/report.html'))
        if report is not None or self.figure is not None:
            self._draw(loaded, result, scored, report)
        return 0

    def _score(self, loaded: 'LoadedModel', result: 'DemoResult', robot: str) -> 'Evaluation':
        """Score the model on what was measured, against the simulator's truth."""
        from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.evaluate import evaluate  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx  # noqa: PLC0415

        dt = loaded.card.dt
        measured = result.recording()
        truth = replace(result.true_recording(), name=measured.name)
        fitted = assets('models', '*.npz').get(f'{robot}_ridge')
        with progress('score') as update:
            return evaluate(
                loaded,
                segments(measured, dt),
                truth=segments(truth, dt),
                ridge=None if fitted is None else RidgeArx.load(fitted),
                progress=update,
            )

    def _draw(
        self,
        loaded: 'LoadedModel',
        result: 'DemoResult',
        scored: 'Evaluation',
        report: Path | None,
    ) -> None:
        """Write report and picture."""
        from lstm_dynamics_ros.cli.replayed import replay_samples, samples_of  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.demo_figure import write_demo_figure  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.report import write_report  # noqa: PLC0415
        from lstm_dynamics_ros.pipeline_settings import PipelineSettings  # noqa: PLC0415

        measured = result.recording()
        with progress('draw') as update:
            replayed = replay_samples(
                samples_of(measured), 'the demo', loaded, PipelineSettings(), (1, 10, 50),
                total=len(measured), progress=update,
            )  # fmt: skip
            scores = tuple(s for s in (scored.known_torque, scored.causal) if s is not None)
            shown = replayed.result(scores=scores)
            if report is not None:
                report.parent.mkdir(parents=True, exist_ok=True)
                write_report(report, shown, progress=update)
                say(f'Report: {report}')
            if self.figure is not None:
                self.figure.parent.mkdir(parents=True, exist_ok=True)
                write_demo_figure(self.figure, shown, scores[0], result.ages_us)
                say(f'Picture: {self.figure}')


def figures(result: 'DemoResult', scored: 'Evaluation', settings: DemoSettings) -> dict[str, Any]:
    """Return the figures of a demo for ``--json``."""
    return scored.to_json() | {
        'duration': result.duration,
        'joint_states_hz': result.joint_states_hz,
        'prediction_hz': result.prediction_hz,
        'latency_us': result.latency_us,
        'end_to_end_us': result.end_to_end_us,
        'missed_ticks': result.missed_ticks,
        'lost_joint_states': result.lost_joint_states,
        'settings': {leaf.name: leaf.value for leaf in leaves(settings)},
    }


def text(result: 'DemoResult', scored: 'Evaluation') -> str:
    """Return what was seen, for people."""
    latency = result.latency_us
    return '\n'.join(
        [
            f'joint states {result.joint_states_hz:.1f} Hz, predictions '
            f'{result.prediction_hz:.2f} Hz, missed ticks {result.missed_ticks}',
            f'latency in the node: p50 {latency["p50"]:.0f} us, p99 {latency["p99"]:.0f} us, max '
            f'{latency["max"]:.0f} us',
            '',
            scored.text(),
        ]
    )
