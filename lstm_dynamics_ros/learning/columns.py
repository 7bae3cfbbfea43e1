# SPDX-License-Identifier: Apache-2.0
"""Columns of a model: which signals go in and come out, and the arrays of a segment for them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lstm_dynamics_ros.core.card import Signal
from lstm_dynamics_ros.core.errors import DataError, JointNamesError, TrainingError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.derived_segments import (
    motion_segment,
    shortest_motion,
    with_prior,
)
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.identification.differentiate import acceleration
from lstm_dynamics_ros.learning.settings import FORWARD_KINDS, TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import torch
from torch import Tensor

_UNITS = {
    'position': ('rad', 'm'),
    'velocity': ('rad/s', 'm/s'),
    'acceleration': ('rad/s^2', 'm/s^2'),
    'disturbance': ('N m', 'N'),
    'payload_mass': ('N m/kg', 'N/kg'),
    'payload_moment_x': ('N/kg', 'N/(kg m)'),
    'payload_moment_y': ('N/kg', 'N/(kg m)'),
    'payload_moment_z': ('N/kg', 'N/(kg m)'),
    'payload_past': ('N m/kg', 'N/kg'),
    'prior_effort': ('N m', 'N'),
    'effort': ('N m', 'N'),
}


class Trajectory(NamedTuple):
    """One segment as the model's columns, float32 in SI units."""

    name: str
    observations: Tensor
    """Features, shape (T, F)."""
    targets: Tensor
    """Targets at the same time, shape (T, D). A forward model predicts the row after."""


def signals(
    kinds: Sequence[str], joint_names: Sequence[str], joint_types: Sequence[str], delay: int = 0
) -> tuple[Signal, ...]:
    """Return one signal per kind and joint: blocks of one kind, in joint order."""
    return tuple(
        Signal(
            name=f'{kind}.{joint}',
            kind=kind,
            joint=joint,
            unit=_UNITS[kind][joint_type == 'prismatic'],
            delay=delay,
        )
        for kind in kinds
        for joint, joint_type in zip(joint_names, joint_types, strict=True)
    )


def usable(
    segments: Sequence[Segment], settings: TrainingSettings, prior: RigidBodyPrior | None = None
) -> list[Segment]:
    """Return the stretches of segments where every needed signal is finite.

    Args:
        segments: Data of one robot on one time grid.
        settings: Says which signals are features and targets.
        prior: Rigid-body prior, for a model that has one. Its torque is taken off the effort of a
            residual model, and shown to others.

    Raises:
        DataError: If nothing is left, or dt differs.
        JointNamesError: If the segments are of different joints.
        TrainingError: If a model that needs a prior has none, or another model has one.
    """
    if not segments:
        raise DataError('Training needs at least one segment, got none.')
    if settings.needs_prior != (prior is not None):
        raise TrainingError(
            'A model of kind residual_inverse, or with the feature prior_effort, needs a '
            'rigid-body prior, and no other has one.'
        )
    names = segments[0].joint_names
    result: list[Segment] = []
    for segment in segments:
        if segment.joint_names != names:
            raise JointNamesError(names, segment.joint_names)
        if abs(segment.dt - settings.dt) > 1e-9:
            raise DataError(
                f'{segment.name} is on a grid of {segment.dt} s, the model on one of '
                f'{settings.dt} s. Make the segments with the dt of the settings.'
            )
        pieces = _finite(segment, measured(settings))
        if isinstance(settings, ControlSettings):
            shortest = shortest_motion(settings)
            pieces = [piece for piece in pieces if len(piece) > shortest]
            first = len(result)
            result += [
                motion_segment(piece, settings, prior, first + i) for i, piece in enumerate(pieces)
            ]
        elif prior is None:
            result += pieces
        elif settings.model_kind == 'residual_inverse':
            result += [_residual(piece, prior) for piece in pieces]
        elif isinstance(settings, InverseSettings):
            window, delay = settings.prior_window, settings.prior_delay
            result += [with_prior(piece, prior, window=window, delay=delay) for piece in pieces]
    if not result:
        raise DataError(_missing(segments, measured(settings)))
    return result


def measured(settings: TrainingSettings) -> tuple[str, ...]:
    """Return the kinds of signal that recordings must hold for a model."""
    kinds = {*settings.signals, *settings.targets}
    if isinstance(settings, ControlSettings):
        kinds -= {'velocity'}  # made from the positions
    return tuple(k for k in FORWARD_KINDS if k in kinds)


def columns(segment: Segment, settings: TrainingSettings) -> Trajectory:
    """Return the model's columns of a usable segment."""
    observations = _stack([getattr(segment, kind) for kind in settings.signals])
    if settings.targets == settings.signals:  # one copy will do
        return Trajectory(segment.name, observations, observations)
    targets = _stack([getattr(segment, kind) for kind in settings.targets])
    return Trajectory(segment.name, observations, targets)


def _finite(segment: Segment, kinds: Sequence[str]) -> list[Segment]:
    """Return the stretches without missing values, at least two rows long."""
    good = np.isfinite(np.hstack([getattr(segment, kind) for kind in kinds])).all(axis=1)
    if good.all():
        return [segment]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    ends = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [segment.rows(start, stop) for start, stop in ends if stop - start > 1]


def _missing(segments: Sequence[Segment], kinds: Sequence[str]) -> str:
    """Return which signals leave nothing to train on."""
    names = segments[0].joint_names
    lost = [
        f'{kind} of {names[i]}'
        for kind in kinds
        for i in range(len(names))
        if not any(np.isfinite(getattr(segment, kind)[:, i]).any() for segment in segments)
    ]
    return (
        f'No row has all of {", ".join(kinds)}. Never there: {", ".join(lost) or "none of them"}. '
        'Leave a signal out of the features, leave joints out, or derive the velocity from the '
        'positions.'
    )


def _residual(segment: Segment, prior: RigidBodyPrior) -> Segment:
    """Return the segment with the effort that the prior does not explain."""
    slope = acceleration(segment.velocity, segment.dt)
    nominal = prior.torque(segment.position, segment.velocity, slope)
    return replace(segment, effort=segment.effort - nominal)


def _stack(blocks: Sequence[Matrix]) -> Tensor:
    return torch.from_numpy(np.hstack(blocks).astype(np.float32))
