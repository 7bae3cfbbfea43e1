# SPDX-License-Identifier: Apache-2.0
"""A forward model for long free runs: it follows the robot from its efforts.

::

    still, rough = stillness(effort)                                    GRU on efforts alone
    q, v, a      = torque_filter(q, v, a | effort, still, rough, position if it is known)
    h, c         = cell([filter's state, uncertainty and surprise, still, rough, effort], h, c)
    position     = m + (q - m) (1 - w tanh(U h)) + w s W h              w = min(1, 20 sigma_q / s)
    velocity     = v + w' s' W' h

What is measured and what the model only supposes is kept apart by the rule of
:mod:`~lstm_dynamics_ros.training.own_prediction`: in a free run, where the runtime feeds
predictions back, only the efforts correct the filter.

The recurrent correction may move the prediction as far as the filter is unsure: not at all where
positions are measured, freely after a long run without them. Nothing of it flows back into the
filter, so errors of the network cannot feed on themselves.
"""

from collections.abc import Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.cells import Cell, CELLS
from lstm_dynamics_ros.errors import ConfigError
from lstm_dynamics_ros.training.inverse_regression import InverseRegression
from lstm_dynamics_ros.training.model import ModelState
from lstm_dynamics_ros.training.observer_memory import Memory, memory_size, unpacked
from lstm_dynamics_ros.training.own_prediction import news, said
from lstm_dynamics_ros.training.settings import FORWARD_KINDS, TrainingSettings
from lstm_dynamics_ros.training.stillness import Stillness
from lstm_dynamics_ros.training.torque_filter import diagonal, TorqueFilter
import torch
from torch import nn, Tensor

LEEWAY = 20.0
"""Where the filter is unsure by 1 / LEEWAY of the spread of a signal, the correction is free."""

_LARGEST_INPUT = 20.0


class Filtered(NamedTuple):
    """What the filter says of each step of a sequence."""

    inputs: Tensor
    """Of the recurrent correction, shape (T, N, F)."""
    base: Tensor
    """Position and velocity of the next step, SI units, shape (T, N, 2 n_joints)."""
    width: Tensor
    """Share of the spread that the correction may reach, in [0, 1], shape (T, N, 2 n_joints)."""


class TorqueObserver(nn.Module):
    """Efforts to motion: filter, stillness and a recurrent correction. Pure: it keeps nothing.

    Args:
        settings: Sizes of the recurrent correction.
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
        self.filter = TorqueFilter(InverseRegression(joint_types))
        self.stillness = Stillness(n)
        width = 12 * n
        self.register_buffer('position_mean', torch.zeros(n, dtype=torch.float64))
        self.register_buffer('lead', torch.ones((), dtype=torch.float64))
        self.register_buffer('input_mean', torch.zeros(width))
        self.register_buffer('input_std', torch.ones(width))
        self.cell: Cell = CELLS[settings.cell](width, settings.hidden_size, settings.num_layers)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = _small(nn.Linear(settings.hidden_size, 2 * n))
        self.shrink = _small(nn.Linear(settings.hidden_size, n))

    def exact(self) -> 'TorqueObserver':
        """Return the model itself: filter and final sum are in float64 always."""
        return self.eval()

    def zero_state(self, batch: int) -> ModelState:
        """Return the state of a model that has seen nothing."""
        n = self.n_joints
        size = memory_size(n, self.stillness.cell.hidden_size)
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
        effort = observation[:, 2 * self.n_joints :]
        before = torch.where(fresh, effort, memory.effort)
        still, rough, after = self.stillness.step(effort, before, memory.hidden)
        filtered, memory = self._filter(
            observation, memory._replace(hidden=after), still, rough,
            fresh=fresh, known=news(observation, told),
        )  # fmt: skip
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
        """Run filter and stillness over a sequence.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.
            known: 1 where the motion is measured, 0 where it says nothing, shape (T, N, 1); all
                but the first, which is compared with the last prediction, if not given.
            wanted: Steps after which the memory is wanted.

        Returns:
            What the filter says of each step, and the memory after each of the steps wanted.
        """
        told, memory = self.remembered(state)
        efforts = observations[..., 2 * self.n_joints :]
        fresh = told[:, :1] < 0.5
        first = torch.where(fresh, efforts[0], memory.effort)
        before = torch.cat([first.unsqueeze(0), efforts[:-1]])
        probability, speed, kept, done, now = [], [], {}, 0, memory.hidden
        for stop in sorted({*(step + 1 for step in wanted), len(observations)}):
            still, rough, after = self.stillness(
                efforts[done:stop], before[done:stop], now.unsqueeze(0)
            )
            probability.append(still)
            speed.append(rough)
            now, done = after[0], stop
            kept[stop - 1] = now
        still, rough, steps, memories = torch.cat(probability), torch.cat(speed), [], []
        for k, row in enumerate(observations):
            certain = news(row, told) if k == 0 else torch.ones_like(told[:, :1])
            made, memory = self._filter(
                row, memory, still[k], rough[k],
                fresh=fresh, known=certain if known is None else known[k],
            )  # fmt: skip
            fresh = torch.zeros_like(fresh)
            steps.append(made)
            if k in wanted:
                memories.append(memory._replace(hidden=kept[k]))
        return Filtered(*(torch.stack(parts) for parts in zip(*steps, strict=True))), memories

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
        return told, unpacked(flat, self.n_joints, self.stillness.cell.hidden_size)

    def normalised(self, inputs: Tensor) -> Tensor:
        """Return inputs of the cell, normalised and clamped."""
        scaled = (inputs - self.input_mean) / self.input_std
        return scaled.clamp(-_LARGEST_INPUT, _LARGEST_INPUT)

    def _filter(
        self,
        observation: Tensor,
        memory: Memory,
        still: Tensor,
        rough: Tensor,
        *,
        fresh: Tensor,
        known: Tensor,
    ) -> tuple[Filtered, Memory]:
        """Take one step of the filter. Its memory is kept as float32, as in the file."""
        n = self.n_joints
        seen = observation.double()
        position, velocity, effort = seen[:, :n], seen[:, n : 2 * n], seen[:, 2 * n :]
        mean, covariance = self.filter.start(position, velocity)
        mean = torch.where(fresh, mean, memory.mean.double())
        covariance = torch.where(fresh.unsqueeze(2), covariance, memory.covariance.double())
        made = self.filter.step(
            mean, covariance, position=position, known=known.double(), effort=effort,
            still=still.double(), rough=rough.double(),
        )  # fmt: skip
        spread = self.filter.spread
        now = made.now * spread
        speed = now[:, n : 2 * n] + self.lead * self.dt * now[:, 2 * n :]
        size = diagonal(made.covariance, 3 * n)[:, : 2 * n].clamp_min(0).sqrt()
        relative = effort / self.filter.effort_spread
        inputs = torch.cat(
            [made.features, still.double(), rough.double(), relative, torch.tanh(2 * relative)], 1
        )
        filtered = Filtered(
            inputs.float(),
            torch.cat([made.mean[:, :n] * spread[:n], speed], 1),
            (LEEWAY * size).clamp_max(1.0),
        )
        after = Memory(
            made.mean.float(), made.covariance.float(), memory.hidden, observation[:, 2 * n :]
        )
        return filtered, after


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
