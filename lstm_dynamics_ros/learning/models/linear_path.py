# SPDX-License-Identifier: Apache-2.0
"""The linear part of a dynamics model: features of now, and a filter over the recent past."""

from collections.abc import Sequence
from typing import cast

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.base import ModelState
from lstm_dynamics_ros.learning.models.delay_line import DelayLine, LineState
from lstm_dynamics_ros.learning.models.features import FeatureMap
import torch
from torch import nn, Tensor


class LinearPath(FeatureMap):
    """What is known without the recurrent part, in steps and over sequences.

    Args:
        settings: Kind and signals.
        joint_types: Type of each joint.
    """

    def __init__(self, settings: DynamicsSettings, joint_types: Sequence[str]) -> None:
        super().__init__(settings, joint_types)
        if self.slip is not None and settings.history_steps < 2:
            raise ConfigError(
                'slip_displacements need the newest position but one: history_steps must be at '
                f'least 2, got {settings.history_steps}.'
            )
        self.linear = nn.Linear(self.width, self.n_targets)
        self.line: DelayLine | None = None
        if settings.history_steps > 1:
            self.line = DelayLine(
                self.n_features, self.n_targets, settings.history_steps, self.wraps
            )

    def newest(
        self, observation: Tensor, state: ModelState
    ) -> tuple[Tensor, list[Tensor], Tensor, LineState | None, Tensor | None]:
        """Return features, long differences if any, linear output, delay line and strain."""
        slip, line, spans = None, None, []
        if self.slip is not None and state.slip is not None and state.line is not None:
            moved = self._displacement(observation, state.line)
            slip = self.slip.step(moved, state.slip)
        now = self.features(observation.to(self.mean.dtype), slip)
        linear = self.linear(now)
        if self.line is not None and state.line is not None:
            filtered, long, line = self.line.step(observation, state.line)
            linear, spans = linear + filtered, [long]
        return now, spans, linear, line, slip

    def whole(
        self, observations: Tensor, state: ModelState
    ) -> tuple[Tensor, list[Tensor], Tensor, Tensor | None, Tensor | None]:
        """Return the same of a sequence, with its past in place of the delay line."""
        padded, slip, spans = None, None, []
        if self.line is not None and state.line is not None:
            padded = self.line.padded(observations, state.line)
        if self.slip is not None and state.slip is not None and padded is not None:
            slip = self.slip.sequence(self._displacements(padded), state.slip)
        now = self.features(observations, slip)
        linear = self.linear(now)
        if self.line is not None and padded is not None:
            filtered, long = self.line.sequence(padded)
            linear, spans = linear + filtered, [long]
        return now, spans, linear, padded, slip

    def slipping(self, observations: Tensor) -> Tensor | None:
        """Return the strain of the friction elements over one run, (T, F) to (T, K * n_joints)."""
        if self.slip is None or self.line is None:
            return None
        padded = self.line.padded(observations.unsqueeze(1), self.line.zero_state(1))
        strain = self.slip.sequence(self._displacements(padded), self.slip.zero_state(1))
        return strain.squeeze(1)

    def regressors(self, observations: Tensor, slip: Tensor | None) -> Tensor:
        """Return the inputs of the linear part over one run or a piece of it, (T, F) to (T, n).

        Args:
            observations: SI units, shape (T, F).
            slip: From :meth:`slipping`, of the same rows.
        """
        blocks = [self.features(observations, slip)]
        if self.line is not None:
            padded = self.line.padded(observations.unsqueeze(1), self.line.zero_state(1))
            blocks.append(self.line.windows(padded).squeeze(1))
        return torch.cat(blocks, 1)

    def _displacements(self, padded: Tensor) -> Tensor:
        """Return how far the joints moved in each step of a sequence with its past."""
        line = cast('DelayLine', self.line)
        recent = padded[line.history - 2 :, :, : self.n_joints]
        return line.shortest(recent[1:] - recent[:-1], self.n_joints)

    def _displacement(self, observation: Tensor, state: LineState) -> Tensor:
        """Return how far the joints moved in the newest step, shape (N, n_joints)."""
        n = self.n_joints
        moved = cast('DelayLine', self.line).shortest(
            observation[:, :n] - state.rows[:, -1, :n], n
        )
        return torch.where(state.started > 0.5, moved, torch.zeros_like(moved))
