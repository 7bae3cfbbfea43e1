# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics evaluate`: how good a model is on recordings it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    MissingLibraryError,
    UnknownNameError,
)
from lstm_dynamics_ros.core.extensions import BENCH, protocols
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.core.state import Matrix
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.evaluation.reports.html import Section
    from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
    from lstm_dynamics_ros.runtime.model_file import LoadedModel


@dataclass
class Evaluate:
    """Score a model on bags, beside persistence, constant velocity and a ridge ARX(20).

    Forward models are scored at several horizons, with the efforts of the horizon given to all
    (known torque) and with nothing after the start (causal). How well the model knows its errors
    follows: coverage and width of its bounds, and errors by novelty. `--protocol` scores as a
    published set does, with the set's own opponent beside it.
    """

    model: Annotated[Path, tyro.conf.Positional]
    """Model file (.onnx)."""
    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags, that the model was not trained on."""
    training_bags: tuple[Path, ...] = ()
    """The bags the model was trained on; the linear opponents are fitted to them."""
    only: tuple[str, ...] = ()
    """Score only the trajectories of these names."""
    protocol: str = 'horizons'
    """horizons, or kuka_lwr, baxter_ugr, kr300, emps, kuka_weigand2021."""
    reference: Path | None = None
    """Folder of the published sets with reference.py, for their own opponents."""
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
        from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        published = {} if self.protocol == 'horizons' else protocols()
        if self.protocol not in {'horizons', *published}:
            if not published:
                raise MissingLibraryError(BENCH)
            raise UnknownNameError('protocol', self.protocol, {'horizons', *published})
        if self.against and not self.robustness:
            raise ConfigError('--against shows robustness side by side; add --robustness.')
        if self.report and self.protocol != 'horizons' and not self.robustness:
            raise ConfigError('With a published --protocol a --report shows --robustness only.')
        loaded = load_model(self.model)
        other = load_model(self.against) if self.against else None
        if is_motion_model(loaded.card) and loaded.card.columns('disturbance') is not None:
            if not self.robustness:
                raise ConfigError(
                    f'{loaded.card.name} is a model for control that is told what it measured one '
                    'latency before: what it is worth shows in `benchmark tracking`. Here only '
                    '--robustness applies.'
                )
            sections, more = self._robustness(loaded, other)
            self._write_page(loaded, sections)
            write_json(self.json, more)
            return 0
        test = gridded(loaded, self.bags, last_share=self.last_share)
        training = gridded(loaded, self.training_bags) if self.training_bags else []
        if self.only:
            known = {item.name for item in [*test, *training]}
            if unknown := [name for name in self.only if name not in known]:
                raise UnknownNameError('trajectory', unknown[0], known)
            test = [item for item in test if item.name in self.only]
            training = [item for item in training if item.name not in self.only]
        if not test:
            raise DataError('There is no trajectory to score.')
        if self.protocol != 'horizons':
            from lstm_dynamics_ros.evaluation.library_versions import (  # noqa: PLC0415
                library_versions,
            )
            from lstm_dynamics_ros.evaluation.scores.evaluate import digest  # noqa: PLC0415

            score: Any = published[self.protocol].load()
            result: ProtocolResult = score(loaded, test, training, self.reference)
            say(result.text())
            stated = {'data_sha256': digest(test), 'versions': library_versions()}
            sections, more = self._robustness(loaded, other)
            self._write_page(loaded, sections)
            write_json(self.json, result.to_json() | stated | more)
            return 0
        from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.scores.uncertainty import uncertainty  # noqa: PLC0415

        with progress('evaluate') as update:
            forward = loaded.card.model_kind == 'forward'
            ridge = fit_arx(training, progress=update) if training and forward else None
            scored = evaluate(
                loaded,
                test,
                training=training,
                ridge=ridge,
                prior=prior_effort(self.urdf, loaded),
                horizons=self.horizons,
                progress=update,
            )
            sure = uncertainty(
                loaded,
                test,
                horizons=self.horizons,
                stride=5,
                prior=prior_effort(self.urdf, loaded),
            )
        say(f'{scored.text()}\n\n{sure.text()}')
        sections, more = self._robustness(loaded, other)
        if self.report is not None:
            from lstm_dynamics_ros.evaluation.reports.uncertainty_section import (  # noqa: PLC0415
                uncertainty_section,
            )

            self._write_page(loaded, [uncertainty_section(sure), *sections])
        write_json(self.json, scored.to_json() | sure.to_json() | more)
        return 0

    def _robustness(
        self, loaded: 'LoadedModel', other: 'LoadedModel | None'
    ) -> 'tuple[list[Section], dict[str, object]]':
        """Measure robustness if asked to and print it; return it for a page and for JSON."""
        if not self.robustness:
            return [], {}
        from lstm_dynamics_ros.workflows.robustness import compare_robustness  # noqa: PLC0415

        recordings = recorded(loaded, self.bags, last_share=self.last_share)
        if self.only:
            recordings = [item for item in recordings if item.name in self.only]
        models = [loaded] if other is None else [loaded, other]
        found = compare_robustness(models, recordings, prior=prior_effort(self.urdf, loaded))
        say(f'\n{found.text()}')
        sections = []
        if self.report is not None:
            from lstm_dynamics_ros.evaluation.reports.robustness_section import (  # noqa: PLC0415
                robustness_section,
            )

            sections = [robustness_section(found)]
        return sections, {'robustness': found.to_json()}

    def _write_page(self, loaded: 'LoadedModel', sections: 'Sequence[Section]') -> None:
        """Write the page that was asked for, if any."""
        if self.report is None:
            return
        from lstm_dynamics_ros.evaluation.reports.html import write_section_page  # noqa: PLC0415

        shown = ', '.join(bag.name for bag in self.bags)
        write_section_page(self.report, loaded.card, sections, recordings=shown)
        say(f'\nReport: {self.report}')


def gridded(
    loaded: 'LoadedModel', bags: Sequence[Path], *, last_share: float = 1.0
) -> 'list[Segment]':
    """Return bags on the time grid of a model, with its joints in its order."""
    from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415

    derive = loaded.card.velocity_source == 'derived'
    return [
        segment
        for item in recorded(loaded, bags, last_share=last_share)
        for segment in segments(item, loaded.card.dt, derive_velocity=derive)
    ]


def recorded(
    loaded: 'LoadedModel', bags: Sequence[Path], *, last_share: float = 1.0
) -> 'list[Recording]':
    """Return what was measured of a model's joints, in its order."""
    from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415

    card = loaded.card
    types = dict(zip(card.joint_names, card.joint_types, strict=True))
    recordings = read_recordings(bags, joint_names=card.joint_names, joint_types=types)
    if last_share < 1.0:
        recordings = [
            item.rows(len(item) - int(len(item) * last_share), len(item)) for item in recordings
        ]
    return recordings


def prior_effort(urdf: Path | None, loaded: 'LoadedModel') -> 'Callable[[Segment], Matrix] | None':
    """Return the rigid-body effort for every row of a segment, None without a robot model.

    That of the model card comes first, as in the node: its torque is what the model corrects.

    Args:
        urdf: URDF for a model whose card has none.
        loaded: The model.
    """
    from lstm_dynamics_ros.physics.differentiate import acceleration  # noqa: PLC0415
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415

    card = loaded.card
    if card.physics_prior is not None and card.physics_prior.get('urdf'):
        prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    elif urdf is not None:
        prior = RigidBodyPrior(urdf, card.joint_names)
    else:
        return None

    def effort(segment: 'Segment') -> 'Matrix':
        slope = acceleration(segment.velocity, segment.dt)
        return prior.torque(segment.position, segment.velocity, slope)

    return effort
