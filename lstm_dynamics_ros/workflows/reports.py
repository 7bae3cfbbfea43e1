# SPDX-License-Identifier: Apache-2.0
"""Pages of evaluations and replays. Needs matplotlib, unlike the figures on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.evaluation.reports.html import Section, write_section_page
from lstm_dynamics_ros.evaluation.reports.replay_report import write_report
from lstm_dynamics_ros.evaluation.reports.robustness_section import robustness_section
from lstm_dynamics_ros.evaluation.reports.uncertainty_section import uncertainty_section
from lstm_dynamics_ros.evaluation.robustness.result import Comparison
from lstm_dynamics_ros.evaluation.scores.uncertainty import Uncertainty
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.workflows.evaluate import (
    compare_robustness,
    evaluate_data,
    EvaluateResult,
    scored_data,
)
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import ReplayOptions
from lstm_dynamics_ros.workflows.recordings import last_share, recordings_for
from lstm_dynamics_ros.workflows.replay import replay, Replayed, write_predictions


def write_evaluation_page(
    path: Path,
    card: ModelCard,
    bags: Sequence[Path],
    *,
    uncertainty: Uncertainty | None = None,
    robustness: Comparison | None = None,
) -> None:
    """Write what was measured of a model on recordings as an HTML page.

    Args:
        path: Where to; an existing page is replaced.
        card: Card of the model.
        bags: What it was measured on.
        uncertainty: Coverage and novelty, if they are shown.
        robustness: Errors under disturbances, if they are shown.
    """
    sections = _sections(uncertainty, robustness)
    write_section_page(path, card, sections, recordings=', '.join(bag.name for bag in bags))


def _sections(uncertainty: Uncertainty | None, robustness: Comparison | None) -> list[Section]:
    sections = [] if uncertainty is None else [uncertainty_section(uncertainty)]
    return sections if robustness is None else [*sections, robustness_section(robustness)]


@dataclass(frozen=True, kw_only=True)
class ScoredReplay:
    """A replay and what it is worth."""

    replayed: Replayed
    result: EvaluateResult
    robustness: Comparison | None
    seconds: float
    """How long the replay took, without scores [s]."""

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time the replay was."""
        return self.replayed.duration / self.seconds

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON-ready values."""
        more = {} if self.robustness is None else {'robustness': self.robustness.to_json()}
        return (
            self.result.to_json()
            | more
            | {
                'ticks': len(self.replayed.ticks),
                'realtime_factor': self.realtime_factor,
                'counters': self.replayed.counters,
            }
        )


def replay_with_report(
    loaded: LoadedModel,
    settings: PipelineSettings,
    options: ReplayOptions,
    listener: Listener = SILENT,
) -> ScoredReplay:
    """Replay a bag, score it, and write predictions and report.

    Args:
        loaded: The model.
        settings: How joint states are taken in and what is predicted.
        options: Which bag, how it is scored, and where its report goes.
        listener: Is shown progress, and robustness as soon as it is known.

    Raises:
        DataError: If there are predictions already, or the bag completes no tick.
    """
    if options.predictions.exists() and not options.overwrite:
        raise DataError(f'{options.predictions} exists already; use --overwrite or another --out.')
    began = time.perf_counter()
    replayed = replay(
        options.bag, loaded, settings, horizons=options.horizons, on_progress=listener
    )
    took = time.perf_counter() - began
    data = scored_data(
        loaded, options.bag, training=options.training_bags, last_share=options.last_share
    )
    result = evaluate_data(
        loaded, data, horizons=options.horizons, listener=listener, title='score'
    )
    robustness = None
    if options.robustness:
        recordings = last_share(recordings_for(loaded, options.bag), options.last_share)
        robustness = compare_robustness([loaded], recordings, settings=settings, listener=listener)
        listener.say(robustness.text() + '\n')
    scored = ScoredReplay(replayed=replayed, result=result, robustness=robustness, seconds=took)
    options.folder.mkdir(parents=True, exist_ok=True)
    write_predictions(options.predictions, replayed, overwrite=options.overwrite)
    _write_replay_report(scored, options, listener)
    return scored


def _write_replay_report(scored: ScoredReplay, options: ReplayOptions, listener: Listener) -> None:
    """Write the page of a replay."""
    facts = {'bag': options.bag.name, 'replayed at': f'{scored.realtime_factor:.0f} x real time'}
    if options.last_share < 1.0:
        facts['scored'] = f'the last {options.last_share:.0%} only'
    scores = scored.result.scores
    shown = scored.replayed.result(
        scores=tuple(s for s in (scores.known_torque, scores.causal) if s is not None),
        inverse=scores.inverse,
        facts=facts,
    )
    sections = _sections(scored.result.uncertainty, scored.robustness)
    with listener.progress('report') as update:
        write_report(options.report, shown, sections=sections, progress=update)
