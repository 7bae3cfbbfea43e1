# SPDX-License-Identifier: Apache-2.0
"""What a demo showed: scored against true positions, as text, figures, page and picture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.parameters import leaves
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx
from lstm_dynamics_ros.evaluation.reports.demo_figure import write_demo_figure
from lstm_dynamics_ros.evaluation.reports.replay_report import write_report
from lstm_dynamics_ros.evaluation.reports.tracking_section import tracking_section
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate, Evaluation
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.workflows.demo.demo_result import DemoResult, Stretch
from lstm_dynamics_ros.workflows.demo.settings import DemoSettings
from lstm_dynamics_ros.workflows.listener import Listener
from lstm_dynamics_ros.workflows.replay import replay


@dataclass(frozen=True, kw_only=True)
class ScoredDemo:
    """A demo and how good its predictions were, against true positions."""

    loaded: LoadedModel
    """The forward model."""
    result: DemoResult
    """What was seen."""
    settings: DemoSettings
    """What was run."""
    before: Evaluation
    """Predictions while nothing was corrected."""
    after: Evaluation | None
    """Predictions of the same model with correction, if there was one."""

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON-ready values."""
        result, after = self.result, None
        if self.after is not None:
            figures = self.after.to_json()
            after = {key: figures[key] for key in ('nmse', 'nmse_causal')}
        return self.before.to_json() | {
            'with_correction': after,
            'duration': result.duration,
            'joint_states_hz': result.joint_states_hz,
            'prediction_hz': result.prediction_hz,
            'latency_us': result.latency_us,
            'end_to_end_us': result.end_to_end_us,
            'missed_ticks': result.missed_ticks,
            'lost_joint_states': result.lost_joint_states,
            'tracking': _tracking(result),
            'settings': {leaf.name: leaf.value for leaf in leaves(self.settings)},
        }

    def text(self) -> str:
        """Return what was seen, for people."""
        result, latency = self.result, self.result.latency_us
        lines = [
            f'joint states {result.joint_states_hz:.1f} Hz, predictions '
            f'{result.prediction_hz:.2f} Hz, missed ticks {result.missed_ticks}',
            f'latency in the node: p50 {latency["p50"]:.0f} us, p99 {latency["p99"]:.0f} us, max '
            f'{latency["max"]:.0f} us',
        ]
        if result.effect is not None:
            lines += ['', tracking_text(result.effect)]
        lines.append('')
        if self.after is not None:
            lines.append('predictions before the correction was armed:')
        lines.append(self.before.text())
        if self.after is not None:
            lines += ['', with_correction_text(self.after)]
        return '\n'.join(lines)

    def draw(self, *, report: Path | None, figure: Path | None, listener: Listener) -> None:
        """Write report and picture.

        Args:
            report: File of the page, if one is wanted.
            figure: File of the picture of the README (PNG), if it is wanted.
            listener: Is shown progress and files.
        """
        result = self.result
        both = (self.before.known_torque, self.before.causal)
        scores = tuple(score for score in both if score is not None)
        recording = replace(result.recording(), name='the demo')
        replayed = replay(recording, self.loaded, on_progress=listener)
        shown = replayed.result(scores=scores)
        if report is not None:
            report.parent.mkdir(parents=True, exist_ok=True)
            sections = () if result.effect is None else (tracking_section(result.effect),)
            with listener.progress('draw') as update:
                write_report(report, shown, sections=sections, progress=update)
            listener.say(f'Report: {report}')
        if figure is not None:
            figure.parent.mkdir(parents=True, exist_ok=True)
            write_demo_figure(figure, shown, scores[0], result.ages_us, effect=result.effect)
            listener.say(f'Picture: {figure}')


def scored_demo(
    loaded: LoadedModel, result: DemoResult, settings: DemoSettings, listener: Listener
) -> ScoredDemo:
    """Score the forward model of a demo on what was measured, against simulator truth.

    Args:
        loaded: The forward model.
        result: What was seen.
        settings: What was run.
        listener: Is shown the progress.
    """
    dt = loaded.card.dt
    fitted = assets('models', '*.npz').get(f'{settings.robot}_ridge')

    def score(stretch: Stretch) -> Evaluation:
        with listener.progress('score') as update:
            return evaluate(
                loaded,
                segments(result.recording(stretch), dt),
                truth=segments(result.true_recording(stretch), dt),
                ridge=None if fitted is None else RidgeArx.load(fitted),
                progress=update,
            )

    return ScoredDemo(
        loaded=loaded,
        result=result,
        settings=settings,
        before=score(result.before),
        after=None if result.after is None else score(result.after),
    )


def _tracking(result: DemoResult) -> dict[str, Any] | None:
    """Return the figures before and after arming; None if nothing was corrected."""
    if result.effect is None:
        return None
    return result.effect.to_json() | {'shadow_explained': result.shadow}


def tracking_text(effect: CorrectionEffect) -> str:
    """Return the tracking error before and after arming, for people."""
    found = effect.to_json()
    lines = [
        f'tracking error (RMS, true position) over {found["compared_s"]:.1f} s of the same '
        f'motion: {found["before_mrad"]:.2f} mrad without correction, '
        f'{found["after_mrad"]:.2f} with, {1 / found["ratio"]:.1f} times less'
    ]
    rows = [
        [
            name,
            *(f'{joint[key]:.2f}' for key in ('before_mrad', 'after_mrad', 'correction_rms_nm')),
        ]
        for name, joint in found['per_joint'].items()
    ]
    lines.append(text_table(['', 'before [mrad]', 'after [mrad]', 'correction [N m]'], rows))
    return '\n'.join(lines)


def with_correction_text(after: Evaluation) -> str:
    """Return how the predictions do while the robot is corrected, for people."""
    known, causal = after.known_torque, after.causal
    if known is None or causal is None:
        return ''
    rows = [
        [kind, str(h), f'{known.ratio(kind, h):.2f}', f'{causal.ratio(kind, h):.2f}']
        for kind in known.kinds
        for h in known.horizons
    ]
    title = 'predictions while corrected, of which the forward model has seen none in training:'
    head = ['', 'steps', 'known torque: model / best', 'causal: model / best']
    return f'{title}\n{text_table(head, rows)}'
