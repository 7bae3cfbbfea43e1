# SPDX-License-Identifier: Apache-2.0
"""From a trained model to one proven, self-describing ONNX file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.atomic_file import unfinished
from lstm_dynamics_ros.core.card import Golden, ModelCard, PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError, ExportError, JointNamesError
from lstm_dynamics_ros.learning.columns import columns, signals, Trajectory, usable
from lstm_dynamics_ros.learning.export.block_novelty import BlockNovelty
from lstm_dynamics_ros.learning.export.bounds import typical_spread
from lstm_dynamics_ros.learning.export.calibration import BLOCK, calibrate, Part
from lstm_dynamics_ros.learning.export.feedback_gain import measure_feedback_gain
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.export.proof import BATCHES, prove, STEPS
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.export.washout import measure_washout
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.identification.differentiate import DEFAULT_CUTOFF, METHOD
from lstm_dynamics_ros.learning.members import joined, joined_ranges, Member
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.models.ensemble import Ensemble
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.dataset import cut, WindowBatch
from lstm_dynamics_ros.learning.training.provenance import git_commit, now, versions
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.checksum import PLACEHOLDER, seal
from lstm_dynamics_ros.runtime.golden import encode
from lstm_dynamics_ros.runtime.model_file import load_model
import onnx
import torch
from torch import Tensor

GOLDEN_STEPS = 48
"""Length of the golden sequence [steps]."""

GOLDEN_TOLERANCE = 1e-4
"""Allowed difference when the golden sequence is replayed, relative to each output's range:
far above what processors differ by, far below what a wrong layout or sign makes."""


def export(
    members: Sequence[Member],
    path: str | Path,
    *,
    settings: ExportSettings | None = None,
    prior: RigidBodyPrior | None = None,
    sources: Mapping[str, str] | None = None,
    whole: Checkpoint | None = None,
    choice: Mapping[str, Any] | None = None,
) -> ModelCard:
    """Write the model file of a trained model, or nothing.

    Args:
        members: The trained model, as one or more members. What each did not see is used for
            washout, errors, bands, proof and golden sequence.
        path: Where to write. The file appears there only when every check has passed.
        settings: Entries of the card that training does not know.
        prior: Rigid-body prior of a residual model.
        sources: sha256 by name of the recordings the model was trained on.
        whole: Model that has seen all data. It is what is exported; the members then only tell
            what to expect of it on data that it has not seen.
        choice: How the model was chosen, for the card.

    Returns:
        The card inside the file.

    Raises:
        ExportError: If torch and onnxruntime disagree, or the model never forgets.
        ConfigError: If ``effort_limits`` do not fit the joints.
        DataError: If the data cannot be used.
        ModelFileError: If the file would be refused at load.
    """
    seen_by = [member.checkpoint for member in members]
    checkpoints = seen_by if whole is None else [whole]
    trained = checkpoints[0].settings
    torch.set_num_threads(trained.threads or torch.get_num_threads())
    extra = settings or ExportSettings()
    _check(checkpoints[0], extra, prior)
    held_out = [usable(member.held_out, trained, member.prior or prior) for member in members]
    segments = list(chain.from_iterable(held_out))
    if segments[0].joint_names != checkpoints[0].joint_names:
        raise JointNamesError(checkpoints[0].joint_names, segments[0].joint_names)
    unseen = [[columns(segment, trained) for segment in part] for part in held_out]
    runs = list(chain.from_iterable(unseen))
    model = joined(checkpoints)
    step = PackedStep(model).eval()
    washout = measure_washout(model, runs, seed=trained.seed)
    burn_in = max(0 if trained.known_start else washout, trained.burn_in_steps)
    parts = [(item.model(), part) for item, part in zip(seen_by, unseen, strict=True)]
    golden = _golden(step, _moving(runs, GOLDEN_STEPS, 1).observations[:, 0])
    card = _card(checkpoints, extra, step, washout, golden, sources, choice)
    if isinstance(trained, ControlSettings) and 'disturbance' in trained.signals:
        gain = measure_feedback_gain(model, segments, trained, prior)
        card = replace(card, feedback_gain=gain)
    card = _calibrated(card, model, parts, seen_by, burn_in=burn_in)
    long_run = _moving(runs, STEPS, max(BATCHES)).observations
    return _write_proven(Path(path), step, card, long_run)


def _write_proven(
    path: Path, step: PackedStep, card: ModelCard, observations: Tensor
) -> ModelCard:
    """Write a file that appears only when it is proven, and return its card."""
    graph = to_onnx(step)
    with unfinished(path) as part:
        _write(part, graph, card)
        proof = prove(step, load_model(part), observations)
        figures = {'proof': {'steps': STEPS, **proof._asdict()}}
        card = replace(card, provenance=card.provenance | figures)
        _write(part, graph, card)
        load_model(part)
    return card


def _check(checkpoint: Checkpoint, extra: ExportSettings, prior: RigidBodyPrior | None) -> None:
    """Refuse effort limits of other joints, and another prior than the model was trained on."""
    if extra.effort_limits and len(extra.effort_limits) != len(checkpoint.joint_names):
        raise ConfigError(
            f'effort_limits must have {len(checkpoint.joint_names)} values, one per joint, '
            f'got {len(extra.effort_limits)}.'
        )
    given = None if prior is None else prior.description()
    if checkpoint.prior != given:
        raise ExportError(
            f'The model was trained with the rigid-body prior {_named(checkpoint.prior)}, export '
            f'got {_named(given)}.'
        )


def _named(prior: Mapping[str, str] | None) -> str:
    """Return a prior in a few words."""
    if prior is None:
        return 'none'
    return ', '.join(f'{k} {v[:40]}' for k, v in prior.items() if k != 'urdf')


def _moving(runs: Sequence[Trajectory], steps: int, count: int) -> WindowBatch:
    """Return windows spread over the data, repeating the data backward where it is too short.

    Played backward it is no robot's motion, but as continuous as any, and both sides see the same.
    """
    longest = max(runs, key=lambda run: len(run.observations))
    rows, goals = longest.observations, longest.targets
    while len(rows) < steps + count:
        rows, goals = torch.cat([rows, rows.flip(0)]), torch.cat([goals, goals.flip(0)])
    whole = Trajectory(longest.name, rows, goals)
    starts = torch.linspace(0, len(rows) - steps, count + 1)[1:].long().tolist()
    return cut([whole], [0] * count, starts, steps)


@torch.no_grad()
def _golden(step: PackedStep, observations: Tensor) -> Golden:
    """Return the run of a model from a zero state, shape (steps, F) of observations."""
    state = step.zero_state(1)
    predictions = []
    for row in observations:
        prediction, *after = step(row.unsqueeze(0), *state)
        state = tuple(after)
        predictions.append(prediction[0])
    return Golden(
        steps=len(observations),
        observations=encode(observations.numpy()),
        predictions=encode(torch.stack(predictions).numpy()),
        final_state=encode(torch.cat([part.flatten() for part in state]).numpy()),
        tolerance=GOLDEN_TOLERANCE,
    )


def _card(
    checkpoints: Sequence[Checkpoint],
    extra: ExportSettings,
    step: PackedStep,
    washout: int,
    golden: Golden,
    sources: Mapping[str, str] | None,
    choice: Mapping[str, Any] | None,
) -> ModelCard:
    """Return the card, without what is only of some families, errors, and the proof."""
    checkpoint = checkpoints[0]
    trained = checkpoint.settings
    joints = (checkpoint.joint_names, checkpoint.joint_types)
    prior = checkpoint.prior
    card = ModelCard(
        name=extra.name,
        model_kind=trained.model_kind,
        cell=trained.cell,
        num_layers=step.num_layers,
        hidden_size=step.hidden_size,
        joint_names=joints[0],
        joint_types=joints[1],
        features=signals(trained.signals, *joints),
        targets=signals(trained.targets, *joints, delay=-int(step.model.forward_kind)),
        dt=trained.dt,
        dt_tolerance=extra.dt_tolerance,
        latency_steps=extra.latency_steps,
        washout_steps=washout,
        effort_semantics=extra.effort_semantics,
        velocity_source=extra.velocity_source,
        driver_compensates=extra.driver_compensates,
        drive_delay=extra.drive_delay,
        **_how_features_are_made(trained),
        physics_prior=None if prior is None else dict(prior),
        effort_limits=extra.effort_limits or (None,) * len(joints[0]),
        training_ranges=joined_ranges(checkpoints),
        members=len(checkpoints),
        provenance=_provenance(checkpoints, extra, washout, sources)
        | ({} if choice is None else {'choice': dict(choice)}),
        golden=golden,
    )
    card.check()
    return card


def _calibrated(
    card: ModelCard,
    model: Model,
    parts: Sequence[Part],
    seen_by: Sequence[Checkpoint],
    *,
    burn_in: int,
) -> ModelCard:
    """Return a card with the errors of each part, which one member did not see."""
    trained = seen_by[0].settings
    if isinstance(model, Ensemble):
        runs = list(chain.from_iterable(own for _, own in parts))
        typical = typical_spread(model, runs, trained.targets, burn_in=burn_in)
        card = replace(card, spread=typical)
    cards = [replace(card, training_ranges=item.ranges) for item in seen_by]
    judges = [model if isinstance(model, Ensemble) else own for own, _ in parts]
    # Novelty of a filter's free runs takes several times as long as their errors, and on the one
    # set there is (KR300) its bounds do not follow it.
    novelty = None if trained.known_start else BlockNovelty(judges, cards)
    calibration = calibrate(parts, trained, burn_in=burn_in, novelty=novelty)
    made = {
        'conformal_blocks': calibration.blocks,
        'conformal_block_steps': BLOCK,
        'conformal_effort': calibration.mode,
    }
    return replace(
        card,
        errors=calibration.errors,
        conformal=calibration.conformal,
        bounds=calibration.bounds,
        novelty_weights=calibration.novelty_weights,
        provenance=card.provenance | made,
    )


def _how_features_are_made(trained: TrainingSettings) -> dict[str, Any]:
    """Return the entries of the card about features that are not measured as they are."""
    seen: dict[str, Any] = {}
    if isinstance(trained, DynamicsSettings):
        seen['position_features'] = trained.position_features
    if isinstance(trained, InverseSettings) and PRIOR_KIND in trained.signals:
        return seen | {'prior_window': trained.prior_window, 'prior_delay': trained.prior_delay}
    if isinstance(trained, ControlSettings) and 'disturbance' in trained.signals:
        return seen | {'disturbance_bandwidth': trained.disturbance_bandwidth}
    return seen


def _provenance(
    checkpoints: Sequence[Checkpoint],
    extra: ExportSettings,
    washout: int,
    sources: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return where the model came from."""
    checkpoint = checkpoints[0]
    trained = checkpoint.settings
    warnings = []
    if trained.burn_in_steps < washout and not trained.known_start and trained.cell != 'none':
        warnings.append(
            f'burn_in_steps was {trained.burn_in_steps}, less than the measured washout of '
            f'{washout}: train again with at least that.'
        )
    if floored := checkpoint.data['floored_features']:
        warnings.append(f'hardly moved in training: {", ".join(floored)}')
    result: dict[str, Any] = {
        'created': now(),
        'licence': extra.licence,
        'seed': trained.seed,
        'versions': versions(),
        'git_commit': git_commit(),
        'data': checkpoint.data,
        'sources': dict(sources or {}),
        'epoch': checkpoint.best_epoch,
        'held_out_error': checkpoint.best_error,
        'members': [
            {
                'seed': item.settings.seed,
                'epoch': item.best_epoch,
                'held_out_error': item.best_error,
                'validation': item.data['validation'],
            }
            for item in checkpoints
        ],
        'warnings': warnings,
    }
    if isinstance(trained, ControlSettings):
        result['acceleration'] = (
            f'second difference of positions, {METHOD}, {trained.motion_cutoff} Hz'
        )
    elif trained.model_kind == 'residual_inverse':
        result['acceleration'] = f'{METHOD}, {DEFAULT_CUTOFF} Hz'
    return result


def _write(path: Path, graph: onnx.ModelProto, card: ModelCard) -> None:
    """Write the sealed file."""
    properties = {
        'metadata': card.to_json(),
        'joint_names': ','.join(card.joint_names),
        'dt': repr(card.dt),
        'checksum': PLACEHOLDER,
    }
    onnx.helper.set_model_props(graph, properties)
    path.write_bytes(seal(graph.SerializeToString()))
