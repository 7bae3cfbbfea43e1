# SPDX-License-Identifier: Apache-2.0
"""Measures a model under every disturbance."""

from collections.abc import Iterator, Sequence
from itertools import chain, count

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import (
    ForwardSubject,
    InverseSubject,
    MotionSubject,
    Subject,
)
from lstm_dynamics_ros.evaluation.robustness.base import (
    Attack,
    Perturbation,
    PERTURBATIONS,
    RobustnessCase,
)
from lstm_dynamics_ros.evaluation.robustness.noise_level import sensor_noise
from lstm_dynamics_ros.evaluation.robustness.result import Curve, Robustness
from lstm_dynamics_ros.evaluation.robustness.streams import shortened, tracks
from lstm_dynamics_ros.evaluation.scores.inverse import Prior
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel

LONGEST_HORIZON = 50
"""How far ahead a forward model looks, unless its card says less [steps]."""

SECONDS = 30.0
"""Recording time that is measured on [s]."""

FREE_RUNS = 400
"""Most forecasts of a forward model at each size of a disturbance."""


def measure_robustness(
    loaded: LoadedModel,
    recordings: Sequence[Recording],
    *,
    attack: Attack | str = 'nobody asked for it',
    settings: PipelineSettings | None = None,
    prior: Prior | None = None,
    seconds: float = SECONDS,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Robustness:
    """Return what disturbances of its input do to a model.

    Args:
        loaded: A model of any kind.
        recordings: Joint states of its joints, as they were measured, not yet on a grid.
        attack: Finds the worst disturbance, or why that is left out.
        settings: How the node takes in joint states.
        prior: Rigid-body effort, for a residual inverse model; one for control has its own.
        seconds: How much of the recordings is used, of each an equal share from its start [s].
        seed: Seed of everything random.
        progress: Called with (done, total, what).

    Raises:
        ConfigError: If a residual model lacks its prior.
        TooShortError: If no recording is long enough.
        DataError: If there is no recording.
    """
    if not recordings:
        raise DataError('There is no recording to measure robustness on.')
    card = loaded.card
    settings = settings or PipelineSettings()
    used = shortened(recordings, seconds)
    subject = _subject(loaded, settings, prior)
    most = FREE_RUNS if card.model_kind == 'forward' else 0
    found = tracks(used, card, settings, horizon=subject.horizon, most=most)
    case = RobustnessCase(
        subject=subject,
        tracks=found,
        sensor_noise=sensor_noise(recordings, card.dt),
        settings=settings,
        seed=seed,
        attack=attack,
    )
    perturbations = [PERTURBATIONS[name]() for name in PERTURBATIONS]
    perturbations.sort(key=lambda item: item.order)
    notes = [_scope(case, recordings, used), *(item.notes(case) for item in perturbations)]
    return Robustness(
        model_name=card.name,
        model_sha256=loaded.sha256,
        model_kind=card.model_kind,
        joint_names=card.joint_names,
        dt=card.dt,
        channels=tuple(channel.label for channel in subject.channels),
        curves=tuple(_curves(case, perturbations, progress)),
        sensor_noise=case.sensor_noise,
        seed=seed,
        answers=case.asked,
        notes=tuple(chain.from_iterable(notes)),
    )


def _curves(
    case: RobustnessCase, perturbations: Sequence[Perturbation], progress: Progress
) -> Iterator[Curve]:
    """Yield the curves of every perturbation."""
    total = sum(item.work(case) for item in perturbations)
    done = count(1)
    for item in perturbations:
        yield from item.measure(case, lambda text: progress(next(done), total, text))


def _subject(loaded: LoadedModel, settings: PipelineSettings, prior: Prior | None) -> Subject:
    card = loaded.card
    if card.model_kind == 'forward':
        known = [int(horizon) for horizon in card.errors]
        reach = min(LONGEST_HORIZON, max(known)) if known else LONGEST_HORIZON
        return ForwardSubject(loaded, settings.max_gap_steps, reach)
    if is_motion_model(card):
        rigid = None
        if card.physics_prior is not None:
            rigid = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
        return MotionSubject(loaded, settings.max_gap_steps, rigid)
    return InverseSubject(loaded, settings.max_gap_steps, prior)


def _scope(
    case: RobustnessCase, recordings: Sequence[Recording], used: Sequence[Recording]
) -> tuple[str, ...]:
    """Return what was measured on, one sentence each."""
    card = case.subject.loaded.card
    whole, part = (sum(item.duration for item in items) for items in (recordings, used))
    notes = [
        f'{case.asked} answers on {part:.0f} of {whole:.0f} s, {len(case.tracks)} of '
        f'{len(recordings)} recordings. Targets are the undisturbed measurements.'
    ]
    if card.model_kind == 'forward':
        notes.append('The effort after the newest known row is given, and not disturbed.')
    if is_motion_model(card):
        notes.append(
            'The motion that the model is asked about is the reference and is not disturbed; '
            'what it measures is. The worst disturbance is that of its feature disturbance, '
            'which is measured effort beyond the prior, low-passed: it is not made of messages.'
        )
    elif card.model_kind == 'residual_inverse':
        notes.append(
            'The residual is scored; what the rigid-body prior makes of a disturbance is not in.'
        )
    return tuple(notes)
