# SPDX-License-Identifier: Apache-2.0
"""One step of a model with nothing allocated on the way.

Input, output and hidden state live in numpy arrays that onnxruntime reads and writes in place. The
hidden state has two sets of buffers: a step reads one and writes the other, and the next step goes
the other way.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]
"""An array as the model sees it."""


class OnnxStep:
    """A model with its buffers, for a batch of independent robots or candidates.

    Args:
        loaded: The model. Several steps may share one.
        batch: Number of rows N that are stepped together.
    """

    def __init__(self, loaded: LoadedModel, batch: int = 1) -> None:
        card = loaded.card
        self.card = card
        self.loaded = loaded
        self.batch = batch
        self.obs: Tensor = np.zeros((batch, len(card.features)), np.float32)
        """What the next step reads, shape (N, n_features). Write into it."""
        shape = (card.num_layers, batch, card.hidden_size)
        self._states = tuple(
            tuple(np.zeros(shape, np.float32) for _ in card.state_names) for _ in range(2)
        )
        self._predictions = tuple(
            np.zeros((batch, len(card.targets)), np.float32) for _ in range(2)
        )
        self._session = loaded.session
        self.has_spread = 'prediction_std' in {node.name for node in loaded.session.get_outputs()}
        """Whether the model has members that can disagree."""
        self.spread: Tensor = np.zeros((batch, len(card.targets)), np.float32)
        """Standard deviation between the members of the newest prediction, shape (N, n_targets),
        in the targets' units; zeros for a lone model. Written again by every step."""
        self._bindings = (self._bind(0, 1), self._bind(1, 0))
        self._now = 0

    def _bind(self, before: int, after: int) -> object:
        """Return a binding that reads the state buffers ``before`` and writes ``after``."""
        binding = self._session.io_binding()
        inputs: dict[str, Tensor] = {'obs': self.obs}
        outputs: dict[str, Tensor] = {'prediction': self._predictions[after]}
        if self.has_spread:
            outputs['prediction_std'] = self.spread
        for i, name in enumerate(self.card.state_names):
            inputs[f'{name}_in'] = self._states[before][i]
            outputs[f'{name}_out'] = self._states[after][i]
        for name, array in inputs.items():
            binding.bind_input(name, 'cpu', 0, np.float32, array.shape, array.ctypes.data)
        for name, array in outputs.items():
            binding.bind_output(name, 'cpu', 0, np.float32, array.shape, array.ctypes.data)
        return binding

    def step(self) -> Tensor:
        """Advance every row by one step from :attr:`obs`.

        Returns:
            The prediction, shape (N, n_targets). A view of a buffer that is written again by the
            next step but one: copy it to keep it longer.
        """
        self._session.run_with_iobinding(self._bindings[self._now])
        self._now = 1 - self._now
        return self._predictions[self._now]

    @property
    def prediction(self) -> Tensor:
        """What the last :meth:`step` returned (zeros before the first)."""
        return self._predictions[self._now]

    @property
    def buffers(self) -> tuple[Tensor, ...]:
        """The hidden state in place, each of shape (n_layers, N, n_hidden); h before c."""
        return self._states[self._now]

    @property
    def earlier(self) -> tuple[Tensor, ...]:
        """The hidden state before the last :meth:`step` in place, until the next step."""
        return self._states[1 - self._now]

    @property
    def state(self) -> tuple[Tensor, ...]:
        """A copy of the hidden state, each of shape (n_layers, N, n_hidden); h before c."""
        return tuple(part.copy() for part in self.buffers)

    @state.setter
    def state(self, state: Sequence[Tensor]) -> None:
        """Replace the hidden state; a batch of one is copied to every row.

        Raises:
            ShapeError: If the arrays do not fit the model.
        """
        layers, _, hidden = self.buffers[0].shape
        if len(state) != len(self.buffers):
            raise ShapeError('Hidden state', (len(self.buffers),), (len(state),))
        for mine, given in zip(self.buffers, state, strict=True):
            if given.shape not in {(layers, 1, hidden), mine.shape}:
                raise ShapeError('Hidden state', mine.shape, given.shape)
            np.copyto(mine, given)

    def reset(self, rows: NDArray[np.bool_] | None = None) -> None:
        """Set the hidden state to zero.

        Args:
            rows: Which rows, shape (N,); None for all.
        """
        for part in self.buffers:
            if rows is None:
                part.fill(0.0)
            else:
                part[:, rows] = 0.0

    def undo(self, rows: NDArray[np.bool_]) -> None:
        """Give some rows, shape (N,), the hidden state they had before the last step."""
        for part, before in zip(self.buffers, self.earlier, strict=True):
            part[:, rows] = before[:, rows]
