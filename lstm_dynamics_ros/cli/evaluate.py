# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics evaluate`: how good a model is on recordings it has not seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.evaluation.robustness.result import Comparison
    from lstm_dynamics_ros.evaluation.scores.uncertainty import Uncertainty


@dataclass
class Evaluate:
    """Score a model on bags, beside persistence, constant velocity and a linear ARX.

    Forward models are scored at several horizons, with the efforts of the horizon given to all
    (known torque) and with nothing after the start (causal). How well the model knows its errors
    follows: coverage and width of its bounds, and errors by novelty. `--protocol` scores as a
    published set does, with the set's own baseline beside it.
    """

    model: Annotated[Path, tyro.conf.Positional]
    """Model file (.onnx)."""
    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags, that the model was not trained on."""
    training_bags: tuple[Path, ...] = ()
    """The bags the model was trained on; the linear baselines are fitted to them."""
    only: tuple[str, ...] = ()
    """Score only the trajectories of these names."""
    protocol: str = 'horizons'
    """horizons, or kuka_lwr, baxter_ugr, kr300, emps, kuka_weigand2021."""
    reference: Path | None = None
    """Folder of the published sets with reference.py, for their own baselines."""
    horizons: tuple[int, ...] = (1, 10, 50)
    """How far ahead forward models look [steps]."""
    last_share: float = 1.0
    """Score only this last share of every recording, e.g. 0.333."""
    urdf: Path | None = None
    """Rigid-body prior, for a residual_inverse model whose card holds none."""
    robustness: bool = False
    """Also measure the error under noise, lost and late messages, and the worst small disturbance
    of the input."""
    against: Path | None = None
    """With --robustness: another model file, e.g. one trained with input noise, side by side."""
    report: Path | None = None
    """Write coverage, novelty and, with --robustness, its curves as an HTML page to this file."""
    json: Path | None = None
    """Write all figures as JSON to this file."""

    def run(self) -> int:
        """Score, print the tables."""
        workflows.evaluate.protocol_of(self.protocol)
        if self.against and not self.robustness:
            raise ConfigError('--against shows robustness side by side; add --robustness.')
        if self.report and self.protocol != 'horizons' and not self.robustness:
            raise ConfigError('With a published --protocol a --report shows --robustness only.')
        loaded = load_model(self.model)
        other = load_model(self.against) if self.against else None
        uncertainty, figures = self._score(loaded)
        robustness = self._robustness([loaded] if other is None else [loaded, other])
        if robustness is not None:
            say(f'\n{robustness.text()}')
            figures['robustness'] = robustness.to_json()
        if self.report is not None:
            workflows.reports.write_evaluation_page(
                self.report,
                loaded.card,
                self.bags,
                uncertainty=uncertainty,
                robustness=robustness,
            )
            say(f'\nReport: {self.report}')
        write_json(self.json, figures)
        return 0

    def _score(self, loaded: LoadedModel) -> 'tuple[Uncertainty | None, dict[str, Any]]':
        """Score the model and print the tables; return what the page shows, and all figures."""
        if workflows.evaluate.needs_closed_loop(loaded):
            if not self.robustness:
                reason = workflows.evaluate.CLOSED_LOOP_ONLY
                raise ConfigError(reason.format(name=loaded.card.name))
            return None, {}
        protocol = workflows.evaluate.protocol_of(self.protocol)
        if protocol is None:
            result = workflows.evaluate.evaluate(
                loaded,
                self.bags,
                training=self.training_bags,
                only=self.only,
                last_share=self.last_share,
                horizons=self.horizons,
                urdf=self.urdf,
                on_progress=TERMINAL,
            )
            say(result.text())
            return result.uncertainty, result.to_json()
        data = workflows.evaluate.scored_data(
            loaded,
            self.bags,
            training=self.training_bags,
            only=self.only,
            last_share=self.last_share,
        )
        published, figures = workflows.evaluate.evaluate_protocol(
            loaded, data, protocol, self.reference
        )
        say(published.text())
        return None, figures

    def _robustness(self, models: list[LoadedModel]) -> 'Comparison | None':
        """Measure robustness, if it was asked for."""
        if not self.robustness:
            return None
        recordings = workflows.recordings.last_share(
            workflows.recordings.recordings_for(models[0], self.bags), self.last_share
        )
        if self.only:
            recordings = [item for item in recordings if item.name in self.only]
        prior = workflows.evaluate.prior_effort(self.urdf, models[0])
        return workflows.evaluate.compare_robustness(
            models, recordings, prior=prior, listener=TERMINAL
        )
