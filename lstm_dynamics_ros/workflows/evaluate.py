# SPDX-License-Identifier: Apache-2.0
"""Scoring a model on recordings it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    MissingLibraryError,
    ModelFileError,
    UnknownNameError,
)
from lstm_dynamics_ros.core.extensions import BENCH, Extension, protocols
from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.library_versions import library_versions
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.base import Attack
from lstm_dynamics_ros.evaluation.robustness.result import Comparison
from lstm_dynamics_ros.evaluation.scores.evaluate import digest, Evaluation
from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate as score
from lstm_dynamics_ros.evaluation.scores.inverse import Prior
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.uncertainty import Uncertainty, uncertainty
from lstm_dynamics_ros.learning.identification.differentiate import acceleration
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import as_loaded, LoadedModel
from lstm_dynamics_ros.workflows.listener import Listener, listener_of, SILENT
from lstm_dynamics_ros.workflows.recordings import (
    last_share as last_share_of,
)
from lstm_dynamics_ros.workflows.recordings import (
    on_grid_of,
    Recordings,
    recordings_for,
)

HORIZONS = (1, 10, 50)
"""How far ahead forward models look [steps]."""

CLOSED_LOOP_ONLY = (
    '{name} is a model for control whose inputs include the disturbance measured one latency '
    'before: what it is worth shows in `benchmark tracking`. Here only --robustness applies.'
)
"""Why a model is not scored on recordings."""

STRIDE = 5
"""Distance between forecasts [steps]."""

ScoreProtocol = Callable[
    [LoadedModel, Sequence[Segment], Sequence[Segment], Path | None], ProtocolResult
]
"""Scores a model on test and training segments; the path is the folder of the published sets."""


@dataclass(frozen=True, kw_only=True)
class EvaluateResult:
    """What a model is worth on some recordings, and how well it knows that."""

    scores: Evaluation
    """Beside persistence, constant velocity, and a linear model if there were training data."""
    uncertainty: Uncertainty
    """Coverage of its bounds, and errors by novelty."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return self.scores.to_json() | self.uncertainty.to_json()

    def text(self) -> str:
        """Return the tables for a terminal."""
        return f'{self.scores.text()}\n\n{self.uncertainty.text()}'


@dataclass(frozen=True, kw_only=True)
class ScoredData:
    """Segments to score a model on, and segments it was trained on."""

    test: list[Segment]
    training: list[Segment] = field(default_factory=list)


def evaluate(
    model: Path | str | LoadedModel,
    recordings: Recordings,
    *,
    training: Recordings = (),
    only: Sequence[str] = (),
    last_share: float = 1.0,
    horizons: Sequence[int] = HORIZONS,
    urdf: Path | None = None,
    on_progress: Progress | Listener = no_progress,
) -> EvaluateResult:
    """Score a model on recordings it was not trained on.

    Args:
        model: Model file, name of a shipped model, or a model that was loaded before.
        recordings: Bags, folders of bags, or recordings.
        training: Those the model was trained on; linear baselines are fitted to them.
        only: Score only the trajectories of these names.
        last_share: Score only this last share of every recording.
        horizons: How far ahead forward models look [steps].
        urdf: Rigid-body prior of a residual_inverse model whose card holds none.
        on_progress: Called with steps done, steps in all, and what is being done.

    Raises:
        ModelFileError: If the model file is refused.
        JointNamesError: If a joint of the model is missing.
        DataError: If the recordings cannot be used.
        ConfigError: If the model is one for control that takes the measured disturbance.
    """
    loaded = as_loaded(model)
    if needs_closed_loop(loaded):
        raise ConfigError(CLOSED_LOOP_ONLY.format(name=loaded.card.name))
    data = scored_data(loaded, recordings, training=training, only=only, last_share=last_share)
    prior = prior_effort(urdf, loaded)
    return evaluate_data(
        loaded, data, horizons=horizons, prior=prior, listener=listener_of(on_progress)
    )


def needs_closed_loop(loaded: LoadedModel) -> bool:
    """Return whether a model is one for control that can be evaluated in the closed loop only."""
    card = loaded.card
    return is_motion_model(card) and card.columns('disturbance') is not None


def scored_data(
    loaded: LoadedModel,
    recordings: Recordings,
    *,
    training: Recordings = (),
    only: Sequence[str] = (),
    last_share: float = 1.0,
) -> ScoredData:
    """Return what a model is scored on, see :func:`evaluate`."""
    test = on_grid_of(loaded, last_share_of(recordings_for(loaded, recordings), last_share))
    trained = on_grid_of(loaded, recordings_for(loaded, training))
    if only:
        known = {item.name for item in [*test, *trained]}
        if unknown := [name for name in only if name not in known]:
            raise UnknownNameError('trajectory', unknown[0], known)
        test = [item for item in test if item.name in only]
        trained = [item for item in trained if item.name not in only]
    if not test:
        raise DataError('There is no trajectory to score.')
    return ScoredData(test=test, training=trained)


def evaluate_data(
    loaded: LoadedModel,
    data: ScoredData,
    *,
    horizons: Sequence[int] = HORIZONS,
    prior: Prior | None = None,
    listener: Listener = SILENT,
    title: str = 'evaluate',
) -> EvaluateResult:
    """Score a model on segments.

    Args:
        loaded: The model.
        data: The segments.
        horizons: How far ahead a forward model looks [steps].
        prior: Rigid-body effort, for a residual inverse model.
        listener: Is shown the progress.
        title: What the progress is called.
    """
    with listener.progress(title) as update:
        forward = loaded.card.model_kind == 'forward'
        ridge = fit_arx(data.training, progress=update) if data.training and forward else None
        scores = score(
            loaded,
            data.test,
            training=data.training,
            ridge=ridge,
            prior=prior,
            horizons=horizons,
            progress=update,
        )
        sure = uncertainty(loaded, data.test, horizons=horizons, stride=STRIDE, prior=prior)
    return EvaluateResult(scores=scores, uncertainty=sure)


def protocol_of(name: str) -> Extension | None:
    """Return the protocol of a published set; None for the usual one, ``horizons``.

    Raises:
        UnknownNameError: If there is none of that name.
        MissingLibraryError: If no published set is installed.
    """
    if name == 'horizons':
        return None
    known = protocols()
    if not known:
        raise MissingLibraryError(BENCH)
    if name not in known:
        raise UnknownNameError('protocol', name, ['horizons', *known])
    return known[name]


def evaluate_protocol(
    loaded: LoadedModel, data: ScoredData, protocol: Extension, reference: Path | None
) -> tuple[ProtocolResult, dict[str, Any]]:
    """Score a model as a published set does.

    Args:
        loaded: The model.
        data: Test and training segments.
        protocol: That of the set.
        reference: Folder of the published sets with ``reference.py``, for their own baselines.

    Returns:
        The figures, and all there is to know as JSON-ready values.
    """
    score_protocol = cast('ScoreProtocol', protocol.load())
    result = score_protocol(loaded, data.test, data.training, reference)
    stated = {'data_sha256': digest(data.test), 'versions': library_versions()}
    return result, result.to_json() | stated


def compare_robustness(
    models: Sequence[LoadedModel],
    recordings: Sequence[Recording],
    *,
    settings: PipelineSettings | None = None,
    prior: Prior | None = None,
    listener: Listener = SILENT,
) -> Comparison:
    """Measure errors under noise, lost and late messages, of one model or two side by side.

    Args:
        models: The model in question first.
        recordings: Joint states of the models' joints, in the models' order.
        settings: How the node takes in joint states.
        prior: Rigid-body effort, for residual inverse models.
        listener: Is shown the progress.
    """
    results = []
    for loaded in models:
        with listener.progress(f'robustness of {loaded.card.name}') as update:
            results.append(
                measure_robustness(
                    loaded,
                    recordings,
                    attack=worst_case(loaded),
                    settings=settings,
                    prior=prior,
                    progress=update,
                )
            )
    return Comparison(results=tuple(results))


def worst_case(loaded: LoadedModel) -> Attack | str:
    """Return what looks for the worst disturbance, or why there is nothing that could."""
    try:
        module = load('lstm_dynamics_ros.learning.interpretation.worst_case')
    except MissingLibraryError:
        return 'that needs torch and onnx'
    try:
        return cast('Attack', module.worst_case_of(loaded))
    except ModelFileError as error:
        return str(error)


def prior_effort(urdf: Path | None, loaded: LoadedModel) -> Prior | None:
    """Return the rigid-body effort for every row of a segment, None without a robot model.

    That of the model card comes first, as in the node: its torque is what the model corrects.

    Args:
        urdf: URDF for a model whose card has none.
        loaded: The model.
    """
    card = loaded.card
    if card.physics_prior is not None and card.physics_prior.get('urdf'):
        prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    elif urdf is not None:
        prior = RigidBodyPrior(urdf, card.joint_names)
    else:
        return None

    def effort(segment: Segment) -> Matrix:
        slope = acceleration(segment.velocity, segment.dt)
        return prior.torque(segment.position, segment.velocity, slope)

    return effort
