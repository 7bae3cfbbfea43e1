# SPDX-License-Identifier: Apache-2.0
"""Several robots of one kind followed with one model call per step.

Rows are independent: each robot has its own hidden state, warms up on its own, and may miss a step
or start over without the others noticing.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep, Tensor
from lstm_dynamics_ros.runtime.predictor import LARGEST_INPUT, LARGEST_STATE
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
from numpy.typing import NDArray


class Fleet:
    """Follows N robots with a model.

    Args:
        loaded: The model.
        n_robots: Number of robots N.
    """

    def __init__(self, loaded: LoadedModel, n_robots: int) -> None:
        self.card = loaded.card
        self.seen = np.zeros(n_robots, np.int64)
        """Observations of each robot since its last reset, shape (N,)."""
        self._step = OnnxStep(loaded, n_robots)
        kinds = [signal.kind for signal in self.card.features[:: self.card.n_joints]]
        self._columns = [(kind, self.card.columns(kind)) for kind in kinds]
        self._rows = np.zeros((n_robots, len(self.card.features)))

    @property
    def warm(self) -> NDArray[np.bool_]:
        """Which robots' predictions mean something, shape (N,)."""
        return (self.seen > 0) & (self.seen >= self.card.washout_steps)

    @property
    def buffers(self) -> tuple[Tensor, ...]:
        """The hidden states in place, each of shape (n_layers, N, n_hidden); h before c."""
        return self._step.buffers

    def reset(self, rows: NDArray[np.bool_] | None = None) -> None:
        """Forget the past of some robots, shape (N,), or of all."""
        self._step.reset(rows)
        self.seen[... if rows is None else rows] = 0

    def update(
        self,
        points: Sequence[GridPoint | None],
        observations: Sequence[Vector | None] | None = None,
    ) -> Matrix:
        """Take in the next grid point of each robot.

        Args:
            points: One per robot; None for a robot that has none now and stays as it is.
            observations: What the model shall see of each robot, shape (n_features,), if that is
                not the state at the points alone.

        Returns:
            Predictions, shape (N, n_targets). NaN for robots without a point, and for those whose
            point or prediction is not finite, which are reset.

        Raises:
            ShapeError: If there is not one point per robot.
        """
        n = self._step.batch
        if len(points) != n:
            raise ShapeError('Fleet update', (n,), (len(points),))
        self._rows.fill(0.0)
        present = np.array([point is not None for point in points])
        restarted = np.array([point is not None and point.restarted for point in points])
        seen = observations or [None] * n
        for row, point, observation in zip(self._rows, points, seen, strict=True):
            if point is None:
                continue
            if observation is not None:
                row[:] = observation
                continue
            for kind, columns in self._columns:
                row[columns] = getattr(point.state, kind)
        if restarted.any():
            self.reset(restarted)
        good = np.asarray(np.all(np.abs(self._rows) <= LARGEST_INPUT, axis=1))
        self._rows[~good] = 0.0
        self._step.obs[:] = self._rows
        predictions = self._step.step().astype(np.float64)
        if not present.all():
            self._step.undo(~present)
        self.seen[present] += 1
        good &= np.isfinite(predictions).all(axis=1)
        for part in self._step.buffers:
            good &= (np.abs(part) <= LARGEST_STATE).all(axis=(0, 2))
        good |= ~present
        if not good.all():
            self.reset(~good)
        predictions[~(good & present)] = np.nan
        return predictions
