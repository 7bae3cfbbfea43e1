# SPDX-License-Identifier: Apache-2.0
"""What a model of any family is: its state, its steps, and how it knows its own prediction.

**An observation whose motion equals the model's own last prediction to the last bit is not a
measurement.** Anything else is one. The runtime feeds float32 predictions back as they are, so in
a free run all bits agree; that a measurement does, in position and velocity of all joints, has no
practical probability, and where it does it holds nothing that the model does not know. The last
prediction is part of the state, so a model file needs no other input for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
import pkgutil
from typing import cast, NamedTuple, Self

from lstm_dynamics_ros.learning.cells import State
from lstm_dynamics_ros.learning.models.delay_line import LineState
from lstm_dynamics_ros.learning.settings import TrainingSettings
import torch
from torch import nn, Tensor


class ModelState(NamedTuple):
    """All a model remembers."""

    cell: State
    """Hidden state of the cell, tensors of shape (L, N, H)."""
    line: LineState | None
    """State of the delay line; None without one."""
    slip: Tensor | None = None
    """Strain of the friction elements, shape (N, K * n_joints); None without any."""
    memory: Tensor | None = None
    """What a torque observer remembers beside its cell, shape (N, E); None of other models."""
    last_prediction: Tensor | None = None
    """What a torque observer predicted last, from :func:`tagged`."""


class Model(nn.Module, ABC):
    """A recurrent model of the dynamics of a robot's joints. Pure: it keeps nothing.

    It is made of its settings and the types of the joints. F features, D targets, N rows.
    """

    forward_kind: bool
    """Whether it predicts the next state."""
    n_features: int
    n_targets: int
    n_joints: int

    @abstractmethod
    def exact(self) -> Self:
        """Return a model for export, in float64 wherever float32 rounding would grow."""

    @abstractmethod
    def zero_state(self, batch: int) -> ModelState:
        """Return the state of a model that has seen nothing."""

    @abstractmethod
    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take one step.

        Args:
            observation: SI units, shape (N, F).
            state: State before the step.

        Returns:
            Prediction in SI units, shape (N, D), and the state after the step.
        """

    @abstractmethod
    def branches(
        self, observations: Tensor, state: ModelState, positions: Sequence[int], *, skip: int = 0
    ) -> tuple[Tensor, list[ModelState]]:
        """Take the steps of a measured sequence and also return the states on the way.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.
            positions: Steps after which the state is wanted, in rising order.
            skip: Steps at the start whose predictions are not wanted.

        Returns:
            Predictions, shape (T - skip, N, D), and the state after each of the positions.
        """

    def sequence(self, observations: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take the steps of a sequence of observations, shape (T, N, F). See :meth:`branches`."""
        end = observations.shape[0] - 1
        predictions, states = self.branches(observations, state, [end])
        return predictions, states[0]

    def error(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return predictions minus targets, angles of continuous joints the short way round."""
        return predictions - targets

    def learned_weights(self) -> int:
        """Return the number of weights that start from chance."""
        return sum(parameter.numel() for parameter in self.parameters())


def build_model(settings: TrainingSettings, joint_types: Sequence[str]) -> Model:
    """Return a new, untrained model of the family that the settings are of.

    Args:
        settings: What it is.
        joint_types: Type of each joint.

    Raises:
        ConfigError: If the settings do not go together, or not with the joints.
    """
    return cast('Model', pkgutil.resolve_name(settings.model_class)(settings, joint_types))


def is_measurement(observation: Tensor, last_prediction: Tensor) -> Tensor:
    """Return 1 where an observation differs from the last prediction in any bit, else 0, (N, 1).

    Args:
        observation: Shape (N, F); its first columns are the motion.
        last_prediction: From :func:`tagged`; zeros before anything was predicted.
    """
    motion = observation[:, : last_prediction.shape[1] - 1]
    differs = (motion != last_prediction[:, 1:]).to(last_prediction.dtype).amax(1, keepdim=True)
    return torch.maximum(differs, 1 - last_prediction[:, :1])


def tagged(prediction: Tensor) -> Tensor:
    """Return what a state keeps of a prediction: that there was one, and which, (N, 1 + D)."""
    return torch.cat([torch.ones_like(prediction[:, :1]), prediction], 1)
