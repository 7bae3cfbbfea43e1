# SPDX-License-Identifier: Apache-2.0
"""The dynamics model: normalisation, linear part, recurrent cell and head, in SI units outside.

::

    now     = [z, sin q, cos q, sin n q, cos n q, tanh(dq / v), |dq|, slip]
              z = (obs - mean) / std
    linear  = A now + b + sum_i B_i diff_i          diff_i = scaled step-to-step differences
    h, c    = cell([now, long differences, linear], h, c)
    change  = linear + gain * (W h + V tanh(U [h, now]))
    forward prediction = obs + mean change + std change * change;  inverse: without obs

A model with the feature ``payload``, the effort ``F`` per unit of mass and first moments in the
motion asked about and ``F'`` per unit of mass in the motion so far, has one more term,
``F (P h)``: the cell only has to find how heavy the payload is. It sees of ``F`` and ``F'`` no
more than the mass that explains the newest disturbance best,
``m = sum(d F' / s^2) / sum(F'^2 / s^2)``, and the effort for that, ``m F``: as features like
others they made it worse on held-out trajectories.

The linear part starts at the least-squares solution and carries what linear dynamics can; the
recurrent part starts at zero and learns the rest. ``n`` is the number of cogging periods per turn
of each joint, found in the training data; ``slip`` is the strain of friction elements
(:mod:`~lstm_dynamics_ros.learning.models.maxwell_slip`).
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

from lstm_dynamics_ros.core.card import PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.cells import Cell, CELLS
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.base import Model, ModelState
from lstm_dynamics_ros.learning.models.delay_line import DelayLine, InitialState, LineState
from lstm_dynamics_ros.learning.models.features import FeatureMap
import torch
from torch import nn, Tensor

_LARGEST_INPUT = 20.0
"""Inputs of the recurrent part are clamped to this many standard deviations."""


class DynamicsModel(FeatureMap, Model):
    """The model of the families forward, inverse and control. Pure: it keeps nothing.

    Args:
        settings: Kind, sizes and signals.
        joint_types: Type of each joint; positions of revolute and continuous ones are also
            seen as sine and cosine, of continuous ones only so.
    """

    def __init__(self, settings: DynamicsSettings, joint_types: Sequence[str]) -> None:
        super().__init__(settings, joint_types)
        width, n_features, n_targets = self.width, self.n_features, self.n_targets
        if self.slip is not None and settings.history_steps < 2:
            raise ConfigError(
                'slip_displacements need the newest position but one: history_steps must be at '
                f'least 2, got {settings.history_steps}.'
            )
        self.linear = nn.Linear(width, n_targets)
        self.line: DelayLine | None = None
        if settings.history_steps > 1:
            self.line = DelayLine(n_features, n_targets, settings.history_steps, self.wraps)
            width += n_features * len(self.line.lags)
        width += n_targets
        self.cell: Cell = CELLS[settings.cell](width, settings.hidden_size, settings.num_layers)
        self.initial: InitialState | None = None
        if settings.learned_initial_state:
            if self.line is None:
                raise ConfigError(
                    'learned_initial_state reads the delay line: history_steps must be at least '
                    f'2, got {settings.history_steps}.'
                )
            shape = (len(self.cell.state_names), settings.num_layers, settings.hidden_size)
            self.initial = InitialState(width, shape)
        self.output = _zero(nn.Linear(settings.hidden_size, n_targets))
        self.weigh: nn.Module | None = None
        if self.payload is not None:
            self.weigh = _zero(nn.Linear(settings.hidden_size, len(PAYLOAD_KINDS)))
        self.dropout = nn.Dropout(settings.dropout)
        self.head: nn.Module | None = None
        if settings.head_size:
            seen = settings.hidden_size + self.linear.in_features
            inner = nn.Linear(seen, settings.head_size)
            outer = _zero(nn.Linear(settings.head_size, n_targets))
            self.head = nn.Sequential(inner, nn.Tanh(), outer)

    def exact(self) -> 'DynamicsModel':
        """Return a copy whose normalisation, linear part and final sum are in float64.

        The linear part takes differences of positions and multiplies them by large weights, so
        that float32 rounding alone, fed back, grows a thousandfold over a free run. In float64
        the rounding of every step is the same on every machine, save for a rare last bit.
        """
        copy = deepcopy(self).eval()
        for name, buffer in copy.named_buffers(recurse=False):
            setattr(copy, name, buffer.double())
        copy.linear.double()
        if copy.line is not None:
            copy.line.double()
        return copy

    def zero_state(self, batch: int) -> ModelState:
        """See the base class."""
        line = None if self.line is None else self.line.zero_state(batch)
        slip = None if self.slip is None else self.slip.zero_state(batch)
        return ModelState(self.cell.zero_state(batch), line, slip)

    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """See the base class."""
        slip = None
        if self.slip is not None and state.slip is not None and state.line is not None:
            moved = self._displacement(observation, state.line)
            slip = self.slip.step(moved, state.slip)
        now = self.features(observation.to(self.mean.dtype), slip)
        linear = self.linear(now)
        blocks, line = [now], None
        if self.line is not None and state.line is not None:
            filtered, spans, line = self.line.step(observation, state.line)
            linear = linear + filtered
            blocks.append(spans)
        inputs = _clamped([*blocks, linear])
        hidden, cell = self.cell(inputs.unsqueeze(0), state.cell)
        if self.initial is not None and state.line is not None and self.line is not None:
            full = (state.line.started - (self.line.history - 1)).abs() < 0.5
            guess = self.initial(inputs)
            cell = tuple(torch.where(full, a, b) for a, b in zip(guess, cell, strict=True))
            hidden = torch.where(full, guess[0][-1], hidden)
        prediction = self._predict(observation, now, linear, hidden[0])
        return prediction, ModelState(cell, line, slip)

    def branches(
        self, observations: Tensor, state: ModelState, positions: Sequence[int], *, skip: int = 0
    ) -> tuple[Tensor, list[ModelState]]:
        """See the base class."""
        padded, slip = None, None
        if self.line is not None and state.line is not None:
            padded = self.line.padded(observations, state.line)
        if self.slip is not None and state.slip is not None and padded is not None:
            slip = self.slip.sequence(self._displacements(padded), state.slip)
        now = self.features(observations, slip)
        linear = self.linear(now)
        blocks = [now]
        if self.line is not None and padded is not None:
            filtered, spans = self.line.sequence(padded)
            linear = linear + filtered
            blocks.append(spans)
        # The linear part hardly learns; cutting this path saves a pass through the cell's inputs.
        inputs = _clamped([*blocks, linear.detach()])
        outputs, states, done, cell = [], [], 0, state.cell
        full = self._line_full(state)
        stops = sorted({*(position + 1 for position in positions), len(observations), full})
        for stop in stops:
            if not done < stop <= len(observations):
                continue
            output, cell = self.cell(inputs[done:stop], cell)
            if self.initial is not None and stop == full:
                cell = self.initial(inputs[stop - 1])
                output = torch.cat([output[:-1], cell[0][-1:]])
            outputs.append(output)
            done = stop
            if stop - 1 in positions:
                line = None
                if self.line is not None and padded is not None and state.line is not None:
                    line = self.line.state_after(padded, stop - 1, state.line)
                own = None if slip is None else slip[stop - 1]
                states.append(ModelState(cell, line, own))
        hidden = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        parts = (part[skip:] for part in (observations, now, linear, hidden))
        return self._predict(*parts), states

    def learned_weights(self) -> int:
        """Return the number of weights of cell and head; the linear part is solved for."""
        parts = [self.cell, self.output, self.weigh, self.head]
        return sum(p.numel() for part in parts if part is not None for p in part.parameters())

    def _line_full(self, state: ModelState) -> int:
        """Return after how many steps the delay line is full, the same for all rows; 0: it is."""
        if self.initial is None or self.line is None or state.line is None:
            return 0
        return max(0, self.line.history - int(state.line.started[0, 0]))

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

    def _predict(
        self, observations: Tensor, now: Tensor, linear: Tensor, hidden: Tensor
    ) -> Tensor:
        """Return the prediction in SI units."""
        hidden = self.dropout(hidden)
        change = self.output(hidden)
        if self.head is not None:
            change = change + self.head(torch.cat([hidden, _clamped([now])], -1))
        change = linear + self.gain * change.to(linear.dtype)
        scaled: Tensor = self.target_mean + self.target_std * change
        if self.weigh is not None and self.payload is not None:
            n, parameters = self.n_joints, self.weigh(hidden).to(linear.dtype)
            for k in range(len(PAYLOAD_KINDS)):
                first = self.payload.motion + k * n
                effort = observations[..., first : first + n].to(linear.dtype)
                scaled = scaled + parameters[..., k : k + 1] * effort
        if self.forward_kind:
            scaled = observations[..., : self.n_targets].to(linear.dtype) + scaled
        return scaled.to(observations.dtype)


def _clamped(blocks: Sequence[Tensor]) -> Tensor:
    """Return inputs of the recurrent part and the head as one tensor."""
    joined = torch.cat(list(blocks), -1).to(torch.float32)
    return joined.clamp(-_LARGEST_INPUT, _LARGEST_INPUT)


def _zero(layer: nn.Linear) -> nn.Linear:
    """Return the layer with all weights zero."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
