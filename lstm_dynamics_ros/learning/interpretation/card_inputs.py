# SPDX-License-Identifier: Apache-2.0
"""The inputs of a model file made from recordings, by what its card says alone."""

from collections.abc import Sequence
from dataclasses import dataclass
import re

from lstm_dynamics_ros.core.card import DERIVED_KINDS, ModelCard, PAST_KIND
from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.families import family_of, training_settings
from lstm_dynamics_ros.learning.settings import PAYLOAD, TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np


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
