# SPDX-License-Identifier: Apache-2.0
"""The dynamics model: normalisation, linear part, recurrent cell and head, in SI units outside.

::

    now     = [z, sin q, cos q, sin n q, cos n q, tanh(dq / v)]   z = (obs - mean) / std
    linear  = A now + b + sum_i B_i diff_i          diff_i = scaled step-to-step differences
    h, c    = cell([now, long differences, linear], h, c)
    change  = linear + gain * (W h + V tanh(U [h, now]))
    forward prediction = obs + mean change + std change * change;  inverse: without obs

A model that is told what a payload costs, ``F`` per unit of mass and first moments in the motion
asked about and ``F'`` per unit of mass in the motion so far, has one more term, ``F (P h)``: the
cell only has to find how heavy the payload is. It sees of ``F`` and ``F'`` no more than the mass
that explains the newest disturbance best, ``m = sum(d F' / s^2) / sum(F'^2 / s^2)``, and what that
costs, ``m F``: as features like others they made it worse on held-out trajectories.

The linear part starts at the least-squares solution and carries what linear dynamics can; the
recurrent part starts at zero and learns the rest. ``n`` is the number of cogging periods per turn
of each joint, found in the training data (:mod:`~lstm_dynamics_ros.training.ripple`).
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

from lstm_dynamics_ros.card import DERIVED_KINDS, PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.cells import Cell, CELLS, State
from lstm_dynamics_ros.training.delay_line import DelayLine, LineState, wrapped
from lstm_dynamics_ros.training.settings import TrainingSettings
import torch
from torch import nn, Tensor

_LARGEST_INPUT = 20.0
"""Inputs of the recurrent part are clamped to this many standard deviations."""

_LEAST_WEIGHT = 1e-2
"""Keeps the mass of a payload finite where it weighs nothing, as the square of a normalised
effort per kilogram."""


class PayloadColumns(NamedTuple):
    """First columns of the observation that say what a payload costs."""

    disturbance: int
    past: int
    cost: int
    """Effort per mass; those per first moment follow."""


class ModelState(NamedTuple):
    """All a model remembers."""

    cell: State
    """Hidden state of the cell, tensors of shape (L, N, H)."""
    line: LineState | None
    """State of the delay line; None without one."""


class DynamicsModel(nn.Module):
    """A recurrent model of the dynamics of a robot's joints. Pure: it keeps nothing.

    Args:
        settings: Kind, sizes and signals.
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

    def __init__(self, settings: TrainingSettings, joint_types: Sequence[str]) -> None:
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
        told = sum(kind in DERIVED_KINDS for kind in settings.signals)
        self.n_seen = n_features - n_joints * told
        """Columns of the observation that are seen as they are; the rest: what payload costs."""
        width = self.n_seen + (4 if self.ripples else 2) * len(self.angles)
        speeds = settings.friction_velocities if 'velocity' in settings.signals else ()
        self.register_buffer('friction_rates', 1 / torch.tensor(speeds, dtype=torch.float32))
        first = n_joints * settings.signals.index('velocity') if speeds else 0
        self.velocities = slice(first, first + n_joints)
        """Columns of the observation that are velocities, if friction is built from them."""
        width += n_joints * len(speeds)
        self.payload: PayloadColumns | None = None
        if PAST_KIND in settings.signals:
            kinds = [
                settings.signals.index(k) for k in ('disturbance', PAST_KIND, PAYLOAD_KINDS[0])
            ]
            self.payload = PayloadColumns(*(n_joints * k for k in kinds))
            width += 1 + n_joints
        self.linear = nn.Linear(width, n_targets)
        self.line: DelayLine | None = None
        if settings.history_steps > 1:
            self.line = DelayLine(n_features, n_targets, settings.history_steps, wraps)
            width += n_features * len(self.line.lags)
        width += n_targets
        self.cell: Cell = CELLS[settings.cell](width, settings.hidden_size, settings.num_layers)
        self.output = _zero(nn.Linear(settings.hidden_size, n_targets))
        self.weigh: nn.Module | None = None
        if self.payload is not None:
            self.weigh = _zero(nn.Linear(settings.hidden_size, len(PAYLOAD_KINDS)))
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
        """Return the state of a model that has seen nothing."""
        line = None if self.line is None else self.line.zero_state(batch)
        return ModelState(self.cell.zero_state(batch), line)

    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take one step.

        Args:
            observation: SI units, shape (N, F).
            state: State before the step.

        Returns:
            Prediction in SI units, shape (N, D), and the state after the step.
        """
        now = self.present(observation.to(self.mean.dtype))
        linear = self.linear(now)
        blocks, line = [now], None
        if self.line is not None and state.line is not None:
            filtered, spans, line = self.line.step(observation, state.line)
            linear = linear + filtered
            blocks.append(spans)
        inputs = _clamped([*blocks, linear])
        hidden, cell = self.cell(inputs.unsqueeze(0), state.cell)
        prediction = self._predict(observation, now, linear, hidden[0])
        return prediction, ModelState(cell, line)

    def sequence(self, observations: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take the steps of a sequence of observations, shape (T, N, F). See :meth:`step`."""
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
        """Take the steps of a sequence and also return the states on the way.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.
            positions: Steps after which the state is wanted, in rising order.
            skip: Steps at the start whose predictions are not wanted.

        Returns:
            Predictions, shape (T - skip, N, D), and the state after each of the positions.
        """
        now = self.present(observations)
        linear = self.linear(now)
        blocks, padded = [now], None
        if self.line is not None and state.line is not None:
            padded = self.line.padded(observations, state.line)
            filtered, spans = self.line.sequence(padded)
            linear = linear + filtered
            blocks.append(spans)
        # The linear part hardly learns; cutting this path saves a pass through the cell's inputs.
        inputs = _clamped([*blocks, linear.detach()])
        outputs, states, done, cell = [], [], 0, state.cell
        stops = [position + 1 for position in positions]
        if not stops or stops[-1] < len(observations):
            stops.append(len(observations))
        for count, stop in enumerate(stops):
            output, cell = self.cell(inputs[done:stop], cell)
            outputs.append(output)
            done = stop
            if count < len(positions):
                line = None
                if self.line is not None and padded is not None:
                    line = self.line.state_after(padded, stop - 1)
                states.append(ModelState(cell, line))
        hidden = outputs[0] if len(outputs) == 1 else torch.cat(outputs)
        parts = (part[skip:] for part in (observations, now, linear, hidden))
        return self._predict(*parts), states

    def regressors(self, observations: Tensor) -> Tensor:
        """Return the inputs of the linear part over one run, shape (T, F) to (T, n)."""
        blocks = [self.present(observations)]
        if self.line is not None:
            padded = self.line.padded(observations.unsqueeze(1), self.line.zero_state(1))
            blocks.append(self.line.windows(padded).squeeze(1))
        return torch.cat(blocks, 1)

    def present(self, observations: Tensor) -> Tensor:
        """Return the normalised observation with sines and cosines, shape (..., n)."""
        blocks = [((observations - self.mean) * self.inverse_std)[..., : self.n_seen]]
        if self.angles:
            angles = observations[..., self.angles]
            blocks += [torch.sin(angles), torch.cos(angles)]
            if self.ripples:
                found = (self.ripple > 0).to(angles.dtype)
                phase = angles * self.ripple
                blocks += [torch.sin(phase) * found, torch.cos(phase) * found]
        if self.velocities.stop > self.velocities.start:
            speed = observations[..., self.velocities].unsqueeze(-2)
            steep = torch.tanh(speed * self.friction_rates.unsqueeze(-1))
            blocks.append(steep.flatten(-2))
        if self.payload is not None:
            blocks += self._weighed(observations, self.payload)
        return torch.cat(blocks, -1)

    def _weighed(self, observations: Tensor, where: 'PayloadColumns') -> list[Tensor]:
        """Return the mass that explains the disturbance, and what it costs in the motion."""
        n = self.n_joints
        spent, past, cost = (observations[..., first : first + n] for first in where)
        spent, past, cost = spent / self.target_std, past / self.target_std, cost / self.target_std
        square = past.square().sum(-1, keepdim=True)
        mass = (spent * past).sum(-1, keepdim=True) / (square + _LEAST_WEIGHT)
        return [mass, mass * cost]

    def error(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """Return predictions minus targets, angles of continuous joints the short way round."""
        difference = predictions - targets
        return wrapped(difference, self.target_wraps)

    def _predict(
        self, observations: Tensor, now: Tensor, linear: Tensor, hidden: Tensor
    ) -> Tensor:
        """Return the prediction in SI units."""
        change = self.output(hidden)
        if self.head is not None:
            change = change + self.head(torch.cat([hidden, _clamped([now])], -1))
        change = linear + self.gain * change.to(linear.dtype)
        scaled: Tensor = self.target_mean + self.target_std * change
        if self.weigh is not None and self.payload is not None:
            n, parameters = self.n_joints, self.weigh(hidden).to(linear.dtype)
            for k in range(len(PAYLOAD_KINDS)):
                first = self.payload.cost + k * n
                cost = observations[..., first : first + n].to(linear.dtype)
                scaled = scaled + parameters[..., k : k + 1] * cost
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
