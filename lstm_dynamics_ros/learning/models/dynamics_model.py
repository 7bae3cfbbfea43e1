# SPDX-License-Identifier: Apache-2.0
"""The dynamics model: normalisation, linear part, recurrent cell and head, in SI units outside.

::

    now     = [z, sin q, cos q, sin n q, cos n q, tanh(dq / v), |dq|, slip]
              z = (obs - mean) / std
    linear  = A now + b + sum_i B_i diff_i          diff_i = scaled step-to-step differences
    h, c    = cell([now, long differences, linear], h, c)
    change  = linear + gain * fading (W h + V tanh(U [h, now]))
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
(:mod:`~lstm_dynamics_ros.learning.models.maxwell_slip`); ``fading`` is 1 per output, and less
outside the training range (:mod:`~lstm_dynamics_ros.learning.models.fading`).
"""

from collections.abc import Sequence
from copy import deepcopy

from lstm_dynamics_ros.core.card import PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.cells import Cell, CELLS
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.base import Model, ModelState
from lstm_dynamics_ros.learning.models.delay_line import InitialState
from lstm_dynamics_ros.learning.models.fading import Fading
from lstm_dynamics_ros.learning.models.linear_path import LinearPath
import torch
from torch import nn, Tensor

_LARGEST_INPUT = 20.0
"""Inputs of the recurrent part are clamped to this many standard deviations."""


class DynamicsModel(LinearPath, Model):
    """The model of the families forward, inverse and control. Pure: it keeps nothing.

    Args:
        settings: Kind, sizes and signals.
        joint_types: Type of each joint; positions of revolute and continuous ones are also
            seen as sine and cosine, of continuous ones only so.
    """

    def __init__(self, settings: DynamicsSettings, joint_types: Sequence[str]) -> None:
        super().__init__(settings, joint_types)
        width, n_targets = self.width + self.n_targets, self.n_targets
        if self.line is not None:
            width += self.n_features * len(self.line.lags)
        self.cell: Cell = CELLS[settings.cell](width, settings.hidden_size, settings.num_layers)
        self.learns = any(True for _ in self.cell.parameters())
        """Whether there is a recurrent rest; else the model is its linear part."""
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
        self.fading = Fading(width, n_targets) if settings.fade and self.learns else None

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
        now, spans, linear, line, slip = self.newest(observation, state)
        inputs = _clamped([now, *spans, linear])
        hidden, cell = self.cell(inputs.unsqueeze(0), state.cell)
        if self.initial is not None and state.line is not None and self.line is not None:
            full = (state.line.started - (self.line.history - 1)).abs() < 0.5
            guess = self.initial(inputs)
            cell = tuple(torch.where(full, a, b) for a, b in zip(guess, cell, strict=True))
            hidden = torch.where(full, guess[0][-1], hidden)
        prediction = self._predict(observation, now, linear, hidden[0], inputs)
        return prediction, ModelState(cell, line, slip)

    def branches(
        self, observations: Tensor, state: ModelState, positions: Sequence[int], *, skip: int = 0
    ) -> tuple[Tensor, list[ModelState]]:
        """See the base class."""
        now, spans, linear, padded, slip = self.whole(observations, state)
        # The linear part hardly learns; cutting this path saves a pass through the cell's inputs.
        inputs = _clamped([now, *spans, linear.detach()])
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
        parts = (part[skip:] for part in (observations, now, linear, hidden, inputs))
        return self._predict(*parts), states

    def learned_weights(self) -> int:
        """Return the number of weights of cell and head; the linear part is solved for."""
        parts = [self.cell, self.output, self.weigh, self.head] if self.learns else []
        return sum(p.numel() for part in parts if part is not None for p in part.parameters())

    def _line_full(self, state: ModelState) -> int:
        """Return after how many steps the delay line is full, the same for all rows; 0: it is."""
        if self.initial is None or self.line is None or state.line is None:
            return 0
        return max(0, self.line.history - int(state.line.started[0, 0]))

    def sensitivity(self, observations: Tensor) -> Tensor:
        """Return how a lasting shift of what the cell sees changes the rest of each output.

        Args:
            observations: SI units, shape (T, N, F).

        Returns:
            Root mean square over the N windows, per unit of each input, shape (D, I).
        """
        inputs = self.seen(observations).requires_grad_()
        hidden, _ = self.cell(inputs, self.cell.zero_state(inputs.shape[1]))
        rest = self._rest(hidden[-1], inputs[-1, :, : self.width])
        found = [
            torch.autograd.grad(one.sum(), inputs, retain_graph=True)[0].sum(0).square().mean(0)
            for one in rest.unbind(-1)
        ]
        return torch.stack(found).sqrt()

    @torch.no_grad()
    def seen(self, observations: Tensor) -> Tensor:
        """Return what the cell sees of sequences from a reset on, (T, N, F) to (T, N, I)."""
        start = self.zero_state(observations.shape[1])
        now, spans, linear, *_ = self.whole(observations, start)
        return _clamped([now, *spans, linear])

    def _rest(self, hidden: Tensor, now: Tensor) -> Tensor:
        """Return what the cell and the head add to the linear part, before gain and fading."""
        rest: Tensor = self.output(hidden)
        if self.head is not None:
            rest = rest + self.head(torch.cat([hidden, _clamped([now])], -1))
        return rest

    def _predict(
        self, observations: Tensor, now: Tensor, linear: Tensor, hidden: Tensor, inputs: Tensor
    ) -> Tensor:
        """Return the prediction in SI units."""
        change = linear
        if self.learns:
            hidden = self.dropout(hidden)
            rest = self._rest(hidden, now)
            if self.fading is not None:
                rest = self.fading(inputs) * rest
            change = linear + self.gain * rest.to(linear.dtype)
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
