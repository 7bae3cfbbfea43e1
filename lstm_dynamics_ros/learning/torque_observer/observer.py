# SPDX-License-Identifier: Apache-2.0
"""A forward model for long free runs: it follows the robot from its efforts.

::

    still, rough = stiction_detector(effort, earlier passes)            GRU
    q, v, a      = torque_filter(q, v, a | effort, still, rough, position if it is known)
    h, c         = cell([filter's state, uncertainty and surprise, still, rough, effort], h, c)
    position     = m + (q - m) (1 - w tanh(U h)) + w s W h              w = min(1, 20 sigma_q / s)
    velocity     = v + w' s' W' h

The first two lines are a pass (:mod:`~lstm_dynamics_ros.learning.torque_observer.passes`). There
may be more than one: each has its own state, and its detector also sees what the passes before it
estimate.

Measurements and own predictions are kept apart by the rule of
:mod:`~lstm_dynamics_ros.learning.models.base`: in a free run, where the runtime feeds predictions
back, only the efforts correct the filter.

The recurrent correction may move the prediction as far as the filter is unsure: not at all where
positions are measured, freely after a long run without them. Nothing of it flows back into the
filter, so errors of the network cannot feed on themselves.
"""

from collections.abc import Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.cells import Cell, CELLS, State
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.models.base import is_measurement, Model, ModelState, tagged
from lstm_dynamics_ros.learning.torque_observer.filter import TorqueFilter
from lstm_dynamics_ros.learning.torque_observer.passes import (
    Memory,
    memory_size,
    Passes,
    PassOutput,
    unpacked,
)
import torch
from torch import nn, Tensor

LEEWAY = 20.0
"""Where the filter is unsure by 1 / LEEWAY of the spread of a signal, the correction is free."""

_LARGEST_INPUT = 20.0


class Filtered(NamedTuple):
    """Output of the filter in each step of a sequence."""

    inputs: Tensor
    """Of the recurrent correction, shape (T, N, E)."""
    base: Tensor
    """Position and velocity of the next step, SI units, shape (T, N, 2 n_joints)."""
    width: Tensor
    """Share of the spread that the correction may reach, in [0, 1], shape (T, N, 2 n_joints)."""


class TorqueObserver(Model):
    """Efforts to motion: passes of a filter and a recurrent correction. Pure: it keeps nothing.

    Args:
        settings: Passes, and sizes of the recurrent correction.
        joint_types: Type of each joint.

    Raises:
        ConfigError: If the features are others, or a joint is continuous.
    """

    position_mean: Tensor
    input_mean: Tensor
    input_std: Tensor
    lead: Tensor

    def __init__(self, settings: TorqueObserverSettings, joint_types: Sequence[str]) -> None:
        super().__init__()
        _ = settings.signals  # refused, if it is not what a torque observer sees
        if 'continuous' in joint_types:
            raise ConfigError('A torque_observer knows no continuous joints: make them revolute.')
        n = len(joint_types)
        self.forward_kind = True
        self.n_features, self.n_targets, self.n_joints = 3 * n, 2 * n, n
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
        """See the base class."""
        n = self.n_joints
        size = memory_size(n, self.passes.hidden)
        return ModelState(
            self.cell.zero_state(batch),
            None,
            memory=torch.zeros(batch, size),
            last_prediction=torch.zeros(batch, 1 + 2 * n),
        )

    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """See the base class."""
        last, memory = self.remembered(state)
        fresh = last[:, :1] < 0.5
        outputs, memory = self.passes.step(
            observation, memory, fresh=fresh, known=is_measurement(observation, last)
        )
        filtered = self.from_passes(outputs, memory.effort)
        output, cell = self.cell(self.normalised(filtered.inputs).unsqueeze(0), state.cell)
        prediction = self.correct(filtered, output[0])
        return prediction, _state(cell, memory, prediction)

    def branches(
        self, observations: Tensor, state: ModelState, positions: Sequence[int], *, skip: int = 0
    ) -> tuple[Tensor, list[ModelState]]:
        """See the base class.

        All observations after the first are taken for measurements, as those of a robot are.
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
            _state(own, memory, predictions[position])
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
            known: 1 where the motion is measured, 0 where it is not, shape (T, N, 1); all
                but the first, which is compared with the last prediction, if not given.
            wanted: Steps after which the memory is wanted.

        Returns:
            The filter's output in each step, and the memory after each of the steps wanted.
        """
        before, memory = self.remembered(state)
        if known is None:
            later = torch.ones_like(observations[1:, :, :1])
            known = torch.cat([is_measurement(observations[0], before).unsqueeze(0), later])
        outputs, memories = self.passes.sequence(
            observations, memory, fresh=before[:, :1] < 0.5, known=known, wanted=wanted
        )
        return self.from_passes(outputs, observations[..., 2 * self.n_joints :]), memories

    def from_passes(self, outputs: Sequence[PassOutput], effort: Tensor) -> Filtered:
        """Return the filter's output from that of each pass and the efforts, (..., n_joints)."""
        n = self.n_joints
        last, spread = outputs[-1], self.filter.spread
        relative = effort.double() / self.filter.effort_spread
        earlier = [output.features[..., : 6 * n] for output in outputs[:-1]]
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

    def remembered(self, state: ModelState) -> tuple[Tensor, Memory]:
        """Return the last prediction, see :func:`.tagged`, and the parts of the memory."""
        flat, last = cast('Tensor', state.memory), cast('Tensor', state.last_prediction)
        return last, unpacked(flat, self.n_joints, self.passes.hidden)

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


def _state(cell: State, memory: Memory, prediction: Tensor) -> ModelState:
    """Return the state after a prediction."""
    packed = memory.packed()  # first, so that the graph of a file stays as it is
    return ModelState(cell, None, memory=packed, last_prediction=tagged(prediction))
