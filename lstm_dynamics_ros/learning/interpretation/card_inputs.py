# SPDX-License-Identifier: Apache-2.0
"""The inputs of a model file made from recordings, and stretches of them side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import NamedTuple

from lstm_dynamics_ros.core.card import DERIVED_KINDS, ModelCard, PAST_KIND
from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.families import family_of, training_settings
from lstm_dynamics_ros.learning.settings import PAYLOAD, TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Run:
    """One gap-free stretch of a trajectory as a model sees it."""

    name: str
    """Name of the trajectory it is from."""
    observations: Matrix
    """Features of the model, shape (T, F)."""
    velocity: Matrix
    """Joint velocities [rad/s] or [m/s], shape (T, n_joints)."""

    def __len__(self) -> int:
        return len(self.observations)


class Stretches(NamedTuple):
    """N equally long stretches of T rows, so that a model runs over all at once."""

    observations: NDArray[np.float64]
    """Features, shape (T, N, F)."""
    runs: tuple[int, ...]
    """Which run each is from."""
    starts: tuple[int, ...]
    """First row of each in its run."""


def settings_of(card: ModelCard) -> TrainingSettings:
    """Return settings that make the same signals as those the model was trained on.

    The disturbance is as old as the latency the card names.
    """
    kinds = [signal.kind for signal in card.features[:: card.n_joints]]
    features = [kind for kind in kinds if kind not in DERIVED_KINDS]
    features += [PAYLOAD] if PAST_KIND in kinds else []
    filtered = re.search(r'([\d.]+) Hz$', str(card.provenance.get('acceleration', '')))
    values: dict[str, object] = {
        'model_kind': card.model_kind,
        'features': tuple(features),
        'dt': card.dt,
    }
    family = family_of(values)
    if family == 'forward':
        values['predict_effort'] = card.columns('effort', of='targets') is not None
    if family == 'control':
        values |= dict.fromkeys(('least_latency', 'largest_latency'), card.latency_steps)
        if filtered:
            values['motion_cutoff'] = float(filtered[1])
    if card.prior_window:
        values |= {'prior_window': card.prior_window, 'prior_delay': card.prior_delay}
    if card.disturbance_bandwidth:
        values['disturbance_bandwidth'] = card.disturbance_bandwidth
    return training_settings(values)


def card_inputs(card: ModelCard, segments: Sequence[Segment]) -> list[Run]:
    """Return the stretches of recordings that a model can be run over.

    The rigid-body prior of a residual model is the one in its card.

    Args:
        card: Card of the model.
        segments: Recordings on the grid of the model, with its joints in its order.

    Raises:
        DataError: If nothing is left, or the grid is another.
        JointNamesError: If the joints are others, or in another order.
        MissingLibraryError: If the prior needs pinocchio and it is not installed.
    """
    for segment in segments:
        if segment.joint_names != card.joint_names:
            raise JointNamesError(card.joint_names, segment.joint_names)
    settings = settings_of(card)
    prior = None
    if settings.needs_prior:
        if card.physics_prior is None:
            raise DataError(f'{card.name} needs the rigid-body prior of its card, which has none.')
        prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    return [
        Run(
            name=segment.name,
            observations=columns(segment, settings).observations.numpy().astype(np.float64),
            velocity=segment.velocity,
        )
        for segment in usable(segments, settings, prior)
    ]


def spread_out(runs: Sequence[Run], length: int, count: int) -> Stretches:
    """Return stretches spread evenly over the recordings; they may overlap.

    Args:
        runs: Recordings.
        length: Rows T of each.
        count: How many; fewer if there are not as many places.

    Raises:
        DataError: If no recording is as long.
    """
    places = [max(0, len(run) - length + 1) for run in runs]
    total = sum(places)
    if not total:
        longest = max((len(run) for run in runs), default=0)
        raise DataError(
            f'The longest stretch without gaps has {longest} rows, but {length} are needed. '
            'Give a longer recording, or a shorter --window.'
        )
    ends = np.cumsum(places)
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int))
    which = np.searchsorted(ends, chosen, side='right')
    starts = chosen - (ends - places)[which]
    return _cut(runs, which.tolist(), starts.tolist(), length)


def in_a_row(runs: Sequence[Run], length: int, before: int, most: int) -> Stretches:
    """Return blocks that follow each other, each with the rows before it.

    Args:
        runs: Recordings.
        length: Rows of each block.
        before: Rows in front of each block that other blocks may share.
        most: Most blocks; if there are more, every few are taken.

    Raises:
        DataError: If no recording is long enough for one.
    """
    places = [
        (number, start)
        for number, run in enumerate(runs)
        for start in range(0, len(run) - before - length + 1, length)
    ]
    if not places:
        return spread_out(runs, before + length, 1)
    step = -(-len(places) // most)
    which, starts = zip(*places[::step], strict=True)
    return _cut(runs, which, starts, before + length)


def _cut(
    runs: Sequence[Run], which: Sequence[int], starts: Sequence[int], length: int
) -> Stretches:
    rows = [runs[i].observations[s : s + length] for i, s in zip(which, starts, strict=True)]
    return Stretches(np.stack(rows, 1), tuple(which), tuple(starts))
