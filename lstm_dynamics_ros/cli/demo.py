# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics demo`: watch recurrent models predict and correct an embedded robot, live."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.parameters import leaves, validated
from lstm_dynamics_ros.workflows.demo.settings import DemoSettings

if TYPE_CHECKING:
    from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
    from lstm_dynamics_ros.evaluation.scores.evaluate import Evaluation
    from lstm_dynamics_ros.runtime.model_file import LoadedModel
    from lstm_dynamics_ros.workflows.demo.demo_result import DemoResult, Stretch


@dataclass
class Demo:
    """Watch recurrent models predict and correct an embedded robot, live, over ROS 2.

    Starts the robot, the node that predicts it and the node that corrects it in processes of
    their own, on a ROS domain of their own. Half of the time nothing is corrected; then the
    correction is armed and fades in, and the robot repeats the same motion. At the end: the
    tracking error before and after, against true positions, and how good the predictions were,
    beside persistence, constant velocity and a ridge ARX(20) fitted to the model's own training
    bags. Payload and motion are not in the training set.
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
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.demo.demo import run_demo, with_defaults  # noqa: PLC0415 - needs ROS

        settings = with_defaults(validated(self.demo))
        corrected = settings.control_model != 'none'
        say(
            f'Starting {settings.robot} with {settings.payload:g} kg that its models know nothing '
            f'of, and the nodes that predict{" and correct" * corrected} it, for '
            f'{settings.duration:g} s ...'
        )
        draw = not self.headless and sys.stdout.isatty()
        with nullcontext(None) if draw else progress('demo') as update:
            result = run_demo(settings, headless=not draw, progress=update)
        loaded = load_model(settings.model)
        scored = _score(loaded, result, result.before, settings.robot)
        after = None
        if result.after is not None:
            after = _score(loaded, result, result.after, settings.robot)
        say(text(result, scored, after))
        write_json(self.json, figures(result, scored, after, settings))
        report = self.report or (None if self.headless else Path('runs/demo/report.html'))
        if report is not None or self.figure is not None:
            self._draw(loaded, result, scored, report)
        return 0

    def _draw(
        self,
        loaded: 'LoadedModel',
        result: 'DemoResult',
        scored: 'Evaluation',
        report: Path | None,
    ) -> None:
        """Write report and picture."""
        from lstm_dynamics_ros.evaluation.reports.demo_figure import write_demo_figure  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.replay_report import write_report  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.tracking_section import tracking_section  # noqa: PLC0415
        from lstm_dynamics_ros.pipeline.settings import PipelineSettings  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.replay import replay_samples, samples_of  # noqa: PLC0415

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
                sections = () if result.effect is None else (tracking_section(result.effect),)
                write_report(report, shown, sections=sections, progress=update)
                say(f'Report: {report}')
            if self.figure is not None:
                self.figure.parent.mkdir(parents=True, exist_ok=True)
                write_demo_figure(
                    self.figure, shown, scores[0], result.ages_us, effect=result.effect
                )
                say(f'Picture: {self.figure}')


def _score(
    loaded: 'LoadedModel', result: 'DemoResult', stretch: 'Stretch', robot: str
) -> 'Evaluation':
    """Score the forward model on a stretch of what was measured, against simulator truth."""
    from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415
    from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx  # noqa: PLC0415
    from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate  # noqa: PLC0415

    dt = loaded.card.dt
    fitted = assets('models', '*.npz').get(f'{robot}_ridge')
    with progress('score') as update:
        return evaluate(
            loaded,
            segments(result.recording(stretch), dt),
            truth=segments(result.true_recording(stretch), dt),
            ridge=None if fitted is None else RidgeArx.load(fitted),
            progress=update,
        )


def figures(
    result: 'DemoResult',
    scored: 'Evaluation',
    after: 'Evaluation | None',
    settings: DemoSettings,
) -> dict[str, Any]:
    """Return the figures of a demo for ``--json``.

    Args:
        result: What was seen.
        scored: Predictions while nothing was corrected.
        after: Predictions of the same model with correction, if there was one.
        settings: What was run.
    """
    return scored.to_json() | {
        'with_correction': None
        if after is None
        else {key: after.to_json()[key] for key in ('nmse', 'nmse_causal')},
        'duration': result.duration,
        'joint_states_hz': result.joint_states_hz,
        'prediction_hz': result.prediction_hz,
        'latency_us': result.latency_us,
        'end_to_end_us': result.end_to_end_us,
        'missed_ticks': result.missed_ticks,
        'lost_joint_states': result.lost_joint_states,
        'tracking': _tracking(result),
        'settings': {leaf.name: leaf.value for leaf in leaves(settings)},
    }


def _tracking(result: 'DemoResult') -> dict[str, Any] | None:
    """Return the figures before and after arming; None if nothing was corrected."""
    if result.effect is None:
        return None
    return result.effect.to_json() | {'shadow_explained': result.shadow}


def tracking_text(effect: 'CorrectionEffect') -> str:
    """Return the tracking error before and after arming, for people."""
    found = effect.to_json()
    lines = [
        f'tracking error (RMS, true position) over {found["compared_s"]:.1f} s of the same '
        f'motion: {found["before_mrad"]:.2f} mrad without correction, '
        f'{found["after_mrad"]:.2f} with, {1 / found["ratio"]:.1f} times less',
        f'{"":<14}{"before":>10}{"after":>10}{"correction":>13}',
        f'{"":<14}{"[mrad]":>10}{"[mrad]":>10}{"[N m]":>13}',
    ]
    for name, joint in found['per_joint'].items():
        lines.append(
            f'{name:<14}{joint["before_mrad"]:>10.2f}{joint["after_mrad"]:>10.2f}'
            f'{joint["correction_rms_nm"]:>13.2f}'
        )
    return '\n'.join(lines)


def with_correction_text(after: 'Evaluation') -> str:
    """Return how the predictions do while the robot is corrected, for people."""
    lines = [
        'predictions while corrected, of which the forward model has seen none in training:',
        f'{"":<10}{"steps":>6}   known torque: model / best   causal: model / best',
    ]
    known, causal = after.known_torque, after.causal
    if known is None or causal is None:
        return ''
    lines += [
        f'{kind:<10}{h:>6}{known.ratio(kind, h):>28.2f}{causal.ratio(kind, h):>24.2f}'
        for kind in known.kinds
        for h in known.horizons
    ]
    return '\n'.join(lines)


def text(result: 'DemoResult', scored: 'Evaluation', after: 'Evaluation | None') -> str:
    """Return what was seen, for people."""
    latency = result.latency_us
    return '\n'.join(
        [
            f'joint states {result.joint_states_hz:.1f} Hz, predictions '
            f'{result.prediction_hz:.2f} Hz, missed ticks {result.missed_ticks}',
            f'latency in the node: p50 {latency["p50"]:.0f} us, p99 {latency["p99"]:.0f} us, max '
            f'{latency["max"]:.0f} us',
            *(() if result.effect is None else ('', tracking_text(result.effect))),
            '',
            *(() if after is None else ('predictions before the correction was armed:',)),
            scored.text(),
            *(() if after is None else ('', with_correction_text(after))),
        ]
    )
