# SPDX-License-Identifier: Apache-2.0
"""What a model sees of an observation, beside its normalised values: angles, friction, payload."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.card import DERIVED_KINDS, PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.delay_line import wrapped
from lstm_dynamics_ros.learning.models.maxwell_slip import MaxwellSlip
import torch
from torch import nn, Tensor

_LEAST_WEIGHT = 1e-2
"""Keeps the mass of a payload finite where it weighs nothing, as the square of a normalised
effort per kilogram."""


LONGEST_SUM = 4
"""Neighbouring angles that are summed up at most."""


class PayloadColumns(NamedTuple):
    """First columns of the observation that say what effort a payload takes."""

    disturbance: int
    past: int
    """Effort per mass in the motion so far."""
    motion: int
    """Effort per mass in the motion asked about; those per first moment follow."""


class FeatureMap(nn.Module):
    """Columns, normalisation and hand-made functions of the newest observation.

    Args:
        settings: Kind and signals.
        joint_types: Type of each joint; positions of revolute and continuous ones are also
            seen as sine and cosine, of continuous ones only so.
    """

    mean: Tensor
    inverse_std: Tensor
    target_mean: Tensor
    target_std: Tensor
    gain: Tensor
    wraps: Tensor
    target_wraps: Tensor
    ripple: Tensor
    friction_rates: Tensor
    sums: Tensor

    def __init__(self, settings: DynamicsSettings, joint_types: Sequence[str]) -> None:
        super().__init__()
        self.forward_kind = settings.model_kind == 'forward'
        n_joints = len(joint_types)
        n_features = n_joints * len(settings.signals)
        n_targets = n_joints * len(settings.targets)
        self.n_features, self.n_targets, self.n_joints = n_features, n_targets, n_joints
        sees = 'position' in settings.signals
        self.angles = [i for i, kind in enumerate(joint_types) if kind != 'prismatic' and sees]
        """Columns of the observation that are angles."""
        wraps = torch.zeros(n_features)
        wraps[[i for i in self.angles if joint_types[i] == 'continuous']] = 1.0
        self.register_buffer('wraps', wraps)
        same = self.forward_kind
        self.register_buffer('target_wraps', wraps[:n_targets] if same else torch.zeros(n_targets))
        self.register_buffer('mean', torch.zeros(n_features))
        self.register_buffer('inverse_std', torch.ones(n_features))
        self.register_buffer('target_mean', torch.zeros(n_targets))
        self.register_buffer('target_std', torch.ones(n_targets))
        self.register_buffer('gain', torch.ones(n_targets))
        self.ripples = settings.ripple_limit > 0 and bool(self.angles)
        self.register_buffer('ripple', torch.zeros(len(self.angles)))
        derived = sum(kind in DERIVED_KINDS for kind in settings.signals)
        how = settings.position_features
        unseen = {'value': [], 'none': range(n_joints)}.get(how, self.angles) if sees else []
        n_values = n_features - n_joints * derived
        shown = [i for i in range(n_values) if i not in unseen]
        self.values: slice | list[int] = shown if unseen else slice(n_values)
        """Columns of the observation that are seen as they are; not the effort of a payload."""
        sums = _sums(len(self.angles), {'none': 0, 'sums': LONGEST_SUM}.get(how, 1))
        self.register_buffer('sums', sums, persistent=False)
        self.n_sums = len(sums)
        width = len(shown) + 2 * self.n_sums + 2 * len(self.angles) * self.ripples
        speeds = settings.friction_velocities if 'velocity' in settings.signals else ()
        self.register_buffer('friction_rates', 1 / torch.tensor(speeds, dtype=torch.float32))
        first = n_joints * settings.signals.index('velocity') if speeds else 0
        self.velocities = slice(first, first + n_joints if speeds else first)
        """Columns of the observation that are velocities, if friction is built from them."""
        width += n_joints * (len(speeds) + 1 if speeds else 0)
        self.payload: PayloadColumns | None = None
        if PAST_KIND in settings.signals:
            kinds = [
                settings.signals.index(k) for k in ('disturbance', PAST_KIND, PAYLOAD_KINDS[0])
            ]
            self.payload = PayloadColumns(*(n_joints * k for k in kinds))
            width += 1 + n_joints
        self.slip: MaxwellSlip | None = None
        if settings.slip_displacements and sees:
            self.slip = MaxwellSlip(n_joints, settings.slip_displacements)
            width += self.slip.size
        self.width = width
        """Length of what is seen of one observation, with the strain of friction elements."""

    def features(self, observations: Tensor, slip: Tensor | None = None) -> Tensor:
        """Return what is seen of observations.

        Args:
            observations: SI units, shape (..., F).
            slip: Strain of the friction elements, shape (..., K * n_joints), if there are any.

        Returns:
            Normalised values, sines and cosines, friction and payload, shape (..., width).
        """
        blocks = [((observations - self.mean) * self.inverse_std)[..., self.values]]
        if self.angles:
            angles = observations[..., self.angles]
            if self.n_sums:
                alone = self.n_sums == len(self.angles)
                added = angles if alone else angles @ self.sums.t()
                blocks += [torch.sin(added), torch.cos(added)]
            if self.ripples:
                found = (self.ripple > 0).to(angles.dtype)
                phase = angles * self.ripple
                blocks += [torch.sin(phase) * found, torch.cos(phase) * found]
        if self.velocities.stop > self.velocities.start:
            speed = observations[..., self.velocities].unsqueeze(-2)
            steep = torch.tanh(speed * self.friction_rates.unsqueeze(-1))
            size = observations[..., self.velocities].abs() * self.inverse_std[self.velocities]
            blocks += [steep.flatten(-2), size]
        if self.payload is not None:
            blocks += self._weighed(observations, self.payload)
        if slip is not None:
            blocks.append(slip.to(observations.dtype))
        return torch.cat(blocks, -1)

    def _weighed(self, observations: Tensor, where: 'PayloadColumns') -> list[Tensor]:
        """Return the mass that explains the disturbance, and the effort it takes in the motion."""
        n = self.n_joints
        columns = [observations[..., first : first + n] for first in where]
        disturbance, past, motion = (column / self.target_std for column in columns)
        square = past.square().sum(-1, keepdim=True)
        mass = (disturbance * past).sum(-1, keepdim=True) / (square + _LEAST_WEIGHT)
        return [mass, mass * motion]

    def error(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return predictions minus targets, angles of continuous joints the short way round."""
        difference = predictions - targets
        return wrapped(difference, self.target_wraps)


def _sums(n_angles: int, longest: int) -> Tensor:
    """Return which angles each sum of neighbouring ones holds, shape (n_sums, n_angles)."""
    held = [
        [float(first <= i < first + size) for i in range(n_angles)]
        for size in range(1, min(longest, n_angles) + 1)
        for first in range(n_angles - size + 1)
    ]
    return torch.tensor(held).reshape(len(held), n_angles)
