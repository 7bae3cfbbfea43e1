# SPDX-License-Identifier: Apache-2.0
"""A forward model for long free runs: it follows the robot from its efforts.

::

    still, rough = stillness(effort, earlier passes)                    GRU
    q, v, a      = torque_filter(q, v, a | effort, still, rough, position if it is known)
    h, c         = cell([filter's state, uncertainty and surprise, still, rough, effort], h, c)
    position     = m + (q - m) (1 - w tanh(U h)) + w s W h              w = min(1, 20 sigma_q / s)
    velocity     = v + w' s' W' h

The first two lines are a pass (:mod:`~lstm_dynamics_ros.learning.torque_observer.passes`). There
may be more than one: each has its own state, and its network also sees what the passes before it
say.

What is measured and what the model only supposes is kept apart by the rule of
:mod:`~lstm_dynamics_ros.learning.models.own_prediction`: in a free run, where the runtime feeds
predictions back, only the efforts correct the filter.

The recurrent correction may move the prediction as far as the filter is unsure: not at all where
positions are measured, freely after a long run without them. Nothing of it flows back into the
filter, so errors of the network cannot feed on themselves.
"""

from collections.abc import Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.cells import Cell, CELLS
from lstm_dynamics_ros.learning.models.dynamics_model import ModelState
from lstm_dynamics_ros.learning.models.own_prediction import news, said
from lstm_dynamics_ros.learning.settings import FORWARD_KINDS, TrainingSettings
from lstm_dynamics_ros.learning.torque_observer.filter import TorqueFilter
from lstm_dynamics_ros.learning.torque_observer.memory import Memory, memory_size, unpacked
from lstm_dynamics_ros.learning.torque_observer.passes import Passes, View
import torch
from torch import nn, Tensor

LEEWAY = 20.0
"""Where the filter is unsure by 1 / LEEWAY of the spread of a signal, the correction is free."""

_LARGEST_INPUT = 20.0


class Filtered(NamedTuple):
    """What the filter says of each step of a sequence."""

    inputs: Tensor
    """Of the recurrent correction, shape (T, N, E)."""
    base: Tensor
    """Position and velocity of the next step, SI units, shape (T, N, 2 n_joints)."""
    width: Tensor
    """Share of the spread that the correction may reach, in [0, 1], shape (T, N, 2 n_joints)."""


class TorqueObserver(nn.Module):
    """Efforts to motion: passes of a filter and a recurrent correction. Pure: it keeps nothing.

    Args:
        settings: Passes, and sizes of the recurrent correction.
        joint_types: Type of each joint.

    Raises:
        ConfigError: If it is no forward model of position and velocity, or a joint is continuous.
    """

    position_mean: Tensor
    input_mean: Tensor
    input_std: Tensor
    lead: Tensor

    def __init__(self, settings: TrainingSettings, joint_types: Sequence[str]) -> None:
        super().__init__()
        _check(settings, joint_types)
        n = len(joint_types)
        self.forward_kind = True
        self.n_features, self.n_targets, self.n_joints = 3 * n, 2 * n, n
        self.line = None
        self.dt = settings.dt
        self.passes = Passes(joint_types, settings.observer_passes)
        width = 12 * n + 6 * n * (settings.observer_passes - 1)
        self.register_buffer('position_mean', torch.zeros(n, dtype=torch.float64))
        self.register_buffer('lead', torch.ones((), dtype=torch.float64))
        self.register_buffer('input_mean', torch.zeros(width))
        self.register_buffer('input_std', torch.ones(width))
        self.cell: Cell = CELLS[settings.cell](width, settings.hidden_size, settings.num_layers)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = _small(nn.Linear(settings.hidden_size, 2 * n))
        self.shrink = _small(nn.Linear(settings.hidden_size, n))

    @property
    def filter(self) -> TorqueFilter:
        """The filter of the last pass, which the prediction starts from."""
        return self.passes.each()[-1].filter

    def exact(self) -> 'TorqueObserver':
        """Return the model itself: filter and final sum are in float64 always."""
        return self.eval()

    def zero_state(self, batch: int) -> ModelState:
        """Return the state of a model that has seen nothing."""
        n = self.n_joints
        size = memory_size(n, self.passes.hidden)
        return ModelState(
            self.cell.zero_state(batch), None,
            memory=torch.zeros(batch, size), told=torch.zeros(batch, 1 + 2 * n),
        )  # fmt: skip

    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take one step.

        Args:
            observation: SI units, shape (N, F).
            state: State before the step.

        Returns:
            Prediction in SI units, shape (N, D), and the state after the step.
        """
        told, memory = self.remembered(state)
        fresh = told[:, :1] < 0.5
        views, memory = self.passes.step(
            observation, memory, fresh=fresh, known=news(observation, told)
        )
        filtered = self.said_by(views, memory.effort)
        output, cell = self.cell(self.normalised(filtered.inputs).unsqueeze(0), state.cell)
        prediction = self.correct(filtered, output[0])
        return prediction, ModelState(cell, None, memory=memory.packed(), told=said(prediction))

    def sequence(self, observations: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take the steps of a sequence of observations, shape (T, N, F). See :meth:`branches`."""
        end = observations.shape[0] - 1
        predictions, states = self.branches(observations, state, [end])
        return predictions, states[0]

    def branches(
        self,
        observations: Tensor,
        state: ModelState,
        positions: Sequence[int],
        *,
        skip: int = 0,
    ) -> tuple[Tensor, list[ModelState]]:
        """Take the steps of a measured sequence and also return the states on the way.

        All observations after the first are taken for measurements, as those of a robot are.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.
            positions: Steps after which the state is wanted, in rising order.
            skip: Steps at the start whose predictions are not wanted.

        Returns:
            Predictions, shape (T - skip, N, D), and the state after each of the positions.
        """
        filtered, memories = self.filtered(observations, state, wanted=positions)
        inputs = self.normalised(filtered.inputs)
        outputs, cells, done, cell = [], [], 0, state.cell
        for stop in [position + 1 for position in positions]:
            output, cell = self.cell(inputs[done:stop], cell)
            outputs.append(output)
            cells.append(cell)
            done = stop
        if done < len(inputs):
            outputs.append(self.cell(inputs[done:], cell)[0])
        predictions = self.correct(filtered, torch.cat(outputs))
        states = [
            ModelState(own, None, memory=memory.packed(), told=said(predictions[position]))
            for own, memory, position in zip(cells, memories, positions, strict=True)
        ]
        return predictions[skip:], states

    @torch.no_grad()
    def filtered(
        self,
        observations: Tensor,
        state: ModelState,
        *,
        known: Tensor | None = None,
        wanted: Sequence[int] = (),
    ) -> tuple[Filtered, list[Memory]]:
        """Run all passes over a sequence.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.
            known: 1 where the motion is measured, 0 where it says nothing, shape (T, N, 1); all
                but the first, which is compared with the last prediction, if not given.
            wanted: Steps after which the memory is wanted.

        Returns:
            What the passes say of each step, and the memory after each of the steps wanted.
        """
        told, memory = self.remembered(state)
        if known is None:
            later = torch.ones_like(observations[1:, :, :1])
            known = torch.cat([news(observations[0], told).unsqueeze(0), later])
        views, memories = self.passes.sequence(
            observations, memory, fresh=told[:, :1] < 0.5, known=known, wanted=wanted
        )
        return self.said_by(views, observations[..., 2 * self.n_joints :]), memories

    def said_by(self, views: Sequence[View], effort: Tensor) -> Filtered:
        """Return what the passes say, from the view of each and the efforts, (..., n_joints)."""
        n = self.n_joints
        last, spread = views[-1], self.filter.spread
        relative = effort.double() / self.filter.effort_spread
        earlier = [view.features[..., : 6 * n] for view in views[:-1]]
        inputs = torch.cat([last.features, relative, torch.tanh(2 * relative), *earlier], -1)
        now = last.now * spread
        speed = now[..., n : 2 * n] + self.lead * self.dt * now[..., 2 * n :]
        base = torch.cat([last.ahead[..., :n] * spread[:n], speed], -1)
        return Filtered(inputs.float(), base, (LEEWAY * last.width).clamp_max(1.0))

    def correct(self, filtered: Filtered, hidden: Tensor) -> Tensor:
        """Return predictions in SI units from the filter and the cell's output, (..., D)."""
        n = self.n_joints
        hidden = self.dropout(hidden)
        move = self.output(hidden).double() * filtered.width * self.filter.spread[: 2 * n]
        less = torch.tanh(self.shrink(hidden)).double() * filtered.width[..., :n]
        moved = filtered.base + move
        position = moved[..., :n] - (filtered.base[..., :n] - self.position_mean) * less
        return torch.cat([position, moved[..., n:]], -1).to(hidden.dtype)

    def error(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return predictions minus targets."""
        return predictions - targets

    def remembered(self, state: ModelState) -> tuple[Tensor, Memory]:
        """Return the last prediction, see :func:`.said`, and the parts of the memory."""
        flat, told = cast('Tensor', state.memory), cast('Tensor', state.told)
        return told, unpacked(flat, self.n_joints, self.passes.hidden)

    def normalised(self, inputs: Tensor) -> Tensor:
        """Return inputs of the cell, normalised and clamped."""
        scaled = (inputs - self.input_mean) / self.input_std
        return scaled.clamp(-_LARGEST_INPUT, _LARGEST_INPUT)


def _small(layer: nn.Linear) -> nn.Linear:
    """Return the layer with small weights, so that training starts from the filter."""
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.zero_()
    return layer


def _check(settings: TrainingSettings, joint_types: Sequence[str]) -> None:
    if settings.model_kind != 'forward' or settings.signals != FORWARD_KINDS:
        raise ConfigError(
            'torque_observer goes with a forward model of position, velocity and effort, got '
            f'{settings.model_kind} with {settings.signals}.'
        )
    if settings.predict_effort:
        raise ConfigError(
            'A torque_observer knows all efforts and predicts none: set predict_effort to false.'
        )
    if 'continuous' in joint_types:
        raise ConfigError('A torque_observer knows no continuous joints: declare them revolute.')
