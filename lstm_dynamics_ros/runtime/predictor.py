# SPDX-License-Identifier: Apache-2.0
"""Follows a robot along the time grid with a recurrent model, and keeps its hidden state.

One model step per grid point. The hidden state starts from zero and means nothing until
``washout_steps`` points have been seen; then the predictor is warm. Whatever is not finite is kept
out of the hidden state, and a hidden state that went wrong is thrown away. Looking at the outputs
would not be enough: onnxruntime's LSTM and GRU clip their gates, so a NaN that gets in comes out
as finite numbers that mean nothing.
"""

from collections.abc import Mapping, Sequence
import math
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.runtime.model_file import as_loaded, LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep, Tensor
from lstm_dynamics_ros.runtime.rollout import Effort, roll
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_INPUT = 1e9
"""Largest magnitude of a feature that is believed, in its own unit."""

MEASURED = ('position', 'velocity', 'effort')
"""Kinds of signals that a joint state has."""

COUNTERS = ('steps', 'resets', 'input_not_finite', 'output_not_finite', 'state_too_large')
"""What a predictor counts."""

LARGEST_STATE = 1e4
"""Largest magnitude of a hidden state that is believed. h stays within 1; c of an LSTM may grow by
1 per step, so a count that never forgets is thrown away after a minute at 200 Hz."""


def _fed(card: ModelCard, kind: str, given: Mapping[str, ArrayLike | None]) -> Vector:
    """Return what a model is fed of one kind, shape (n_joints,), out of plain arrays."""
    if kind not in given:
        raise ConfigError(
            f'{card.name} is fed {kind}, which follows from more than one step: use a pipeline, '
            'or update() with a whole observation.'
        )
    if given[kind] is None:
        raise ConfigError(f'{card.name} is fed {kind}, which was left out.')
    values = np.asarray(given[kind], np.float64)
    if values.shape != (card.n_joints,):
        raise ShapeError(f'The {kind}', (card.n_joints,), values.shape)
    return values


def _fault(prediction: Vector, buffers: Sequence[Tensor]) -> str | None:
    """Return why a prediction and the hidden state after it cannot be used; None if they can."""
    finite = all(map(math.isfinite, prediction.tolist()))  # few numbers are quicker by hand
    if finite and all(_all_true(np.abs(part) <= LARGEST_STATE) for part in buffers):
        return None
    finite = finite and all(bool(np.isfinite(part).all()) for part in buffers)
    return 'state_too_large' if finite else 'output_not_finite'


def _all_true(flags: NDArray[np.bool_]) -> bool:
    """Return whether all flags are True: for small arrays quicker than ``flags.all()``."""
    return b'\0' not in flags.tobytes()


def _copy(states: Sequence[Tensor], into: Sequence[Tensor]) -> None:
    """Overwrite hidden states with others."""
    for mine, theirs in zip(into, states, strict=True):
        np.copyto(mine, theirs)


def _as_batch(effort: Effort, shape: tuple[int, int]) -> Effort:
    """Return future effort as that of a batch of one robot."""
    if isinstance(effort, str):
        return effort
    given = np.asarray(effort)
    if given.ndim != 2:
        raise ShapeError('Future effort', shape, given.shape)
    return given[:, None]


class Predictor:
    """Follows one robot with a model: one call per step of the model's time grid.

        predictor = Predictor('arm_forward')
        for position, velocity, effort in measured:  # every predictor.card.dt seconds
            prediction = predictor.step(position, velocity, effort)
            if predictor.warm:
                ahead = predictor.by_kind(prediction)['position']

    Args:
        model: The model: loaded, or as for
            :func:`~lstm_dynamics_ros.runtime.model_file.load_model`, which checks it.
    """

    def __init__(self, model: LoadedModel | Path | str) -> None:
        loaded = as_loaded(model)
        self.card = loaded.card
        self.seen = 0
        """Observations since the last reset."""
        self.valid = False
        """Whether the last prediction is finite and follows from a finite observation."""
        self.counters = dict.fromkeys(COUNTERS, 0)
        self._step = OnnxStep(loaded)
        self._ahead = OnnxStep(loaded)
        self._peek = OnnxStep(loaded)
        self._prediction = np.full(len(self.card.targets), np.nan)
        kinds = [s.kind for s in self.card.features[:: self.card.n_joints]]
        self._columns = [(kind, self.card.columns(kind)) for kind in kinds]
        self._row = np.zeros(len(self.card.features))
        self._targets = {kind: self.card.columns(kind, of='targets') for kind in MEASURED}

    @property
    def warm(self) -> bool:
        """Whether enough was seen since the last reset for the prediction to mean something."""
        return self.seen > 0 and self.seen >= self.card.washout_steps

    @property
    def observation(self) -> Vector:
        """The newest observation, shape (n_features,). Not to be written to."""
        return self._row

    @property
    def spread(self) -> NDArray[np.float32]:
        """Standard deviation between the members of the newest prediction, shape (1, n_targets).

        Zeros for a lone model. A buffer that the next step writes again.
        """
        return self._step.spread

    def reset(self) -> None:
        """Forget everything seen so far."""
        self.counters['resets'] += self.seen > 0
        self._step.reset()
        self.seen = 0
        self.valid = False
        self._prediction = np.full(len(self.card.targets), np.nan)

    def step(
        self,
        position: ArrayLike | None = None,
        velocity: ArrayLike | None = None,
        effort: ArrayLike | None = None,
    ) -> Vector:
        """Take in what was measured one ``card.dt`` after the last step, as plain arrays.

        After a gap call :meth:`reset`. A ``signals.time_grid.GridSampler`` makes such steps of
        messages at any times.

        Args:
            position: Joint positions in the card's order [rad] or [m], shape (n_joints,). What
                the model is not fed may be left out, here and below.
            velocity: Joint velocities [rad/s] or [m/s], shape (n_joints,).
            effort: Joint efforts [N m] or [N], shape (n_joints,).

        Returns:
            The prediction, as from :meth:`update`; :meth:`by_kind` takes it apart.

        Raises:
            ConfigError: If the model is fed more than this, or what it is fed is left out.
            ShapeError: If there is not one value per joint.
        """
        given = dict(zip(MEASURED, (position, velocity, effort), strict=True))
        for kind, columns in self._columns:
            self._row[columns] = _fed(self.card, kind, given)
        return self._advance()

    def update(self, point: GridPoint, observation: Vector | None = None) -> Vector:
        """Take in the state at the next grid point.

        Args:
            point: The next point; a restarted one makes the predictor forget the past.
            observation: What the model shall see, shape (n_features,), if that is not the state
                at the point alone.

        Returns:
            The prediction, shape (n_targets,): of a forward model for the next grid point, of an
            inverse one for this. NaN where :attr:`valid` is False.
        """
        if point.restarted:
            self.reset()
        if observation is None:
            for kind, columns in self._columns:
                self._row[columns] = getattr(point.state, kind)
        else:
            self._row[:] = observation
        return self._advance()

    def _advance(self) -> Vector:
        """Make one step of the model with the newest observation."""
        if not _all_true(np.abs(self._row) <= LARGEST_INPUT):  # False for NaN too
            self.counters['input_not_finite'] += 1
            self.reset()
            return self._prediction
        self._step.obs[0] = self._row
        prediction: Vector = self._step.step()[0].astype(np.float64)
        self.counters['steps'] += 1
        self.seen += 1
        fault = _fault(prediction, self._step.buffers)
        if fault is not None:
            self.counters[fault] += 1
            self.reset()
            return self._prediction
        self.valid = True
        self._prediction = prediction
        return prediction

    def peek(self, observations: Matrix) -> Matrix:
        """Predict what would follow from other newest observations, leaving the memory as it is.

        Args:
            observations: Rows in place of the newest observation, shape (n, n_features). Buffers
                are made for n rows, and made anew when n changes.

        Returns:
            Predictions, shape (n, n_targets): one of the newest observation is what :meth:`update`
            returned, but for rounding. NaN before the first valid observation, and in rows that
            cannot be believed.

        Raises:
            ShapeError: If the rows do not fit the model.
        """
        expected = (len(observations), len(self.card.features))
        if observations.shape != expected:
            raise ShapeError('Observations', expected, observations.shape)
        if not self.valid:
            return np.full((len(observations), len(self.card.targets)), np.nan)
        if self._peek.batch != len(observations):
            self._peek = OnnxStep(self._step.loaded, len(observations))
        step = self._peek
        _copy(self._step.earlier, step.buffers)
        believed = np.all(np.abs(observations) <= LARGEST_INPUT, axis=1, keepdims=True)
        step.obs.fill(0.0)
        np.copyto(step.obs, observations, where=believed)
        predictions: Matrix = step.step().astype(np.float64)
        predictions[~believed[:, 0]] = np.nan
        return predictions

    def horizon(self, steps: int, effort: Effort = 'predicted') -> Matrix:
        """Predict several steps ahead of the last observation, leaving the memory as it is.

        Args:
            steps: Number of predictions K.
            effort: Effort from the next step on: ``hold``, ``predicted``, or an array of shape
                (K-1, n_joints), see :func:`~lstm_dynamics_ros.runtime.rollout.roll`.

        Returns:
            Predictions for t+1 ... t+K, shape (K, n_targets); all NaN where :attr:`valid` is
            False, as after a reset or an observation that is not finite. The first row is what
            :meth:`update` returned.

        Raises:
            ConfigError: If nothing was observed yet, or the model is not a forward model, or it
                cannot predict effort but should.
            ShapeError: If the given effort has the wrong shape.
        """
        effort = _as_batch(effort, (steps - 1, self.card.n_joints))
        if not any(self.counters.values()):
            raise ConfigError('A horizon needs an observation, and there is none yet: step first.')
        if not self.valid:
            return np.full((steps, len(self.card.targets)), np.nan)
        ahead = self._ahead
        _copy(self._step.buffers, ahead.buffers)
        ahead.obs[:] = self._step.obs
        predictions = roll(ahead, steps, effort=effort, first=self._step.prediction)
        return predictions[:, 0].astype(np.float64)

    def by_kind(self, predictions: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return predictions, shape (..., n_targets), as position, velocity and effort.

        Each has shape (..., n_joints), and is NaN where the model does not predict it.
        """
        absent = np.full((*predictions.shape[:-1], self.card.n_joints), np.nan)
        return {
            kind: absent if columns is None else predictions[..., columns]
            for kind, columns in self._targets.items()
        }

    def as_state(self, prediction: Vector, stamp_ns: int) -> JointState:
        """Return a prediction, shape (n_targets,), as a joint state; NaN where not predicted."""
        return JointState(stamp_ns, **self.by_kind(prediction))
