# SPDX-License-Identifier: Apache-2.0
"""Several steps ahead: the model fed with its own predictions.

A rollout has no memory of its own. It starts from whatever hidden state and observation the given
:class:`OnnxStep` holds, for all of its rows at once, and leaves that step at the end of the
rollout; so roll a step made for it, never the one that follows the robot.
"""

from typing import Final, Literal

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep, Tensor
import numpy as np
from numpy.typing import NDArray

EffortMode = Literal['hold', 'predicted']
"""Where future effort comes from: the last known one, or the model's own prediction."""

Effort = EffortMode | NDArray[np.floating]
"""An effort mode, or the future effort itself."""

EFFORT_MODES: Final = ('predicted', 'hold')
"""The allowed values of :data:`EffortMode`."""


def roll(
    step: OnnxStep,
    steps: int,
    *,
    effort: Effort = 'predicted',
    first: Tensor | None = None,
) -> Tensor:
    """Predict ``steps`` steps ahead for every row.

    Args:
        step: The model, with the hidden state before the newest observation and that observation
            at time t in ``step.obs``. With ``first``, the hidden state after it.
        steps: Number of predictions K.
        effort: Effort at t+1 ... t+K-1: ``hold`` repeats the one at t, ``predicted`` takes the
            model's own, an array of shape (K-1, N, n_joints) gives it. Without effect on a model
            that is not fed effort.
        first: Prediction for t+1 if it was made already, shape (N, n_targets).

    Returns:
        Predictions for t+1 ... t+K, shape (K, N, n_targets).

    Raises:
        ConfigError: If the model is not a forward model, or cannot predict effort but should.
        ShapeError: If the given effort has the wrong shape.
    """
    card = step.card
    copies = feedback(card, predict_effort=isinstance(effort, str) and effort == 'predicted')
    column = card.columns('effort')
    given = None
    if not isinstance(effort, str) and column is not None:
        given = np.asarray(effort)
        expected = (max(steps - 1, 0), step.batch, card.n_joints)
        if given.shape != expected:
            raise ShapeError('Future effort', expected, given.shape)
    predictions = np.empty((steps, step.batch, len(card.targets)), np.float32)
    for k in range(steps):
        if k == 0:
            predictions[0] = step.step() if first is None else first
            continue
        for target, feature in copies:
            step.obs[:, feature] = predictions[k - 1][:, target]
        if given is not None and column is not None:
            step.obs[:, column] = given[k - 1]
        predictions[k] = step.step()
    return predictions


def feedback(card: ModelCard, *, predict_effort: bool) -> list[tuple[slice, slice]]:
    """Return which columns of a prediction become which columns of the next observation.

    Args:
        card: Card of the model.
        predict_effort: Whether the effort is fed back too.

    Raises:
        ConfigError: If the model cannot be fed with its own predictions.
    """
    if card.model_kind != 'forward':
        raise ConfigError(
            f'Only a forward model can predict several steps ahead; {card.name} is '
            f'{card.model_kind}.'
        )
    copies = []
    for kind in ('position', 'velocity', 'effort'):
        feature, target = card.columns(kind), card.columns(kind, of='targets')
        if feature is None or (kind == 'effort' and not predict_effort):
            continue
        if target is None:
            raise ConfigError(
                f'{card.name} does not predict {kind}, which it is fed; '
                "use effort 'hold' or give the future effort."
            )
        copies.append((target, feature))
    return copies
