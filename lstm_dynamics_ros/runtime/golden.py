# SPDX-License-Identifier: Apache-2.0
"""The golden sequence: a recorded run of a model, replayed wherever the model is loaded.

It catches what no checksum can: another runtime, operator version or processor that computes
something else from the same file.
"""

import base64
import binascii
from typing import Any

from lstm_dynamics_ros.core.card import CardError, Golden, ModelCard
import numpy as np
from numpy.typing import NDArray

_ROUNDING = 8 * float(np.finfo(np.float32).eps)
"""Difference that float32 alone may make, relative to the largest value of an output."""


def encode(array: NDArray[np.float32]) -> str:
    """Return an array as the card stores it: base64 of little-endian float32, C order."""
    return base64.b64encode(np.ascontiguousarray(array, '<f4').tobytes()).decode()


def decode(text: str, shape: tuple[int, ...], what: str) -> NDArray[np.float32]:
    """Return an array that :func:`encode` stored.

    Raises:
        CardError: If the text is no base64 or does not hold ``shape``.
    """
    try:
        flat = np.frombuffer(base64.b64decode(text, validate=True), '<f4')
        return flat.reshape(shape).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise CardError(f'golden.{what} does not hold float32 of shape {shape}.') from error


def record_golden(
    card: ModelCard,
    session: Any,  # noqa: ANN401
    observations: NDArray[np.float32],
    tolerance: float,
) -> Golden:
    """Run a model from a zero state and return what the card needs to repeat it.

    Args:
        card: Card of the model; its golden entry is not read.
        session: onnxruntime session of the model.
        observations: Inputs, shape (n_steps, n_features).
        tolerance: Largest difference to accept later, relative to the range of each output.
    """
    predictions, state = _run(card, session, observations)
    return Golden(
        steps=len(observations),
        observations=encode(observations),
        predictions=encode(predictions),
        final_state=encode(state),
        tolerance=tolerance,
    )


def golden_difference(card: ModelCard, session: Any) -> tuple[float, str]:  # noqa: ANN401
    """Replay the golden sequence.

    Returns:
        The largest difference as a multiple of the tolerance, and the output it belongs to. The
        tolerance is relative to the range of each output, plus what float32 cannot resolve.

    Raises:
        CardError: If the recorded sequence is not readable.
    """
    golden = card.golden
    n_state = len(card.state_names) * card.num_layers * card.hidden_size
    if golden.steps < 1 or not golden.tolerance > 0:
        raise CardError(
            f'golden.steps and golden.tolerance must be > 0, got {golden.steps}, '
            f'{golden.tolerance}.'
        )
    observations = decode(golden.observations, (golden.steps, len(card.features)), 'observations')
    expected = decode(golden.predictions, (golden.steps, len(card.targets)), 'predictions')
    expected_state = decode(golden.final_state, (n_state,), 'final_state')
    predictions, state = _run(card, session, observations)
    worst = _excess(predictions, expected, golden.tolerance)
    state_worst = float(_excess(state[:, None], expected_state[:, None], golden.tolerance)[0])
    column = int(np.argmax(worst))
    if state_worst > worst[column]:
        return state_worst, 'the hidden state'
    return float(worst[column]), card.targets[column].name


def _excess(
    got: NDArray[np.float32], expected: NDArray[np.float32], tolerance: float
) -> NDArray[np.float64]:
    """Return the largest difference of each column as a multiple of what is allowed."""
    expected64 = expected.astype(np.float64)
    allowed = tolerance * np.ptp(expected64, axis=0) + _ROUNDING * np.abs(expected64).max(axis=0)
    difference = np.abs(got.astype(np.float64) - expected64).max(axis=0)
    excess = difference / np.maximum(allowed, np.finfo(np.float32).tiny)
    return np.where(np.isfinite(excess), excess, np.inf)


def _run(
    card: ModelCard,
    session: Any,  # noqa: ANN401
    observations: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the predictions (n_steps, n_targets) and the flattened final state."""
    shape = (card.num_layers, 1, card.hidden_size)
    state = [np.zeros(shape, np.float32) for _ in card.state_names]
    outputs = ['prediction', *(f'{name}_out' for name in card.state_names)]
    predictions = np.zeros((len(observations), len(card.targets)), np.float32)
    for i, row in enumerate(observations):
        feed = {f'{name}_in': part for name, part in zip(card.state_names, state, strict=True)}
        predictions[i], *state = session.run(outputs, {'obs': row[None], **feed})
    return predictions, np.concatenate([part.ravel() for part in state])
