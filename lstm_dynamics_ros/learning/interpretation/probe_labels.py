# SPDX-License-Identifier: Apache-2.0
"""What hidden units may follow (friction sign, reversals, payload), and what inputs say of it."""

from collections.abc import Mapping

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.learning.interpretation.card_inputs import Run
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RECENT = 0.1
"""A reversal counts as recent for this long [s]."""

STILL = 0.02
"""Below this share of its RMS a velocity has no sign: the joint rests."""


def label_names(card: ModelCard, payloads: Mapping[str, float]) -> list[str]:
    """Return the names of the labels, in the order of :func:`labels`."""
    names = [f'friction sign of {joint}' for joint in card.joint_names]
    names += [f'reversal of {joint}' for joint in card.joint_names]
    return names + ['payload'] * bool(payloads)


def labels(run: Run, dt: float, payloads: Mapping[str, float]) -> Array:
    """Return the labels of every row of a run, shape (T, labels).

    Friction sign: sign of the velocity, 0 at rest. Reversal: 1 for :data:`RECENT` after the sign
    has changed, else 0. Payload: that of the trajectory [kg].

    Args:
        run: The run.
        dt: Step [s].
        payloads: Payload by the name of the trajectory [kg]; empty if they are not known.
    """
    size = np.sqrt((run.velocity**2).mean(0))
    sign = np.where(np.abs(run.velocity) < STILL * size, 0.0, np.sign(run.velocity))
    reversed_at = _changes(sign)
    steps = max(1, round(RECENT / dt))
    counts = np.cumsum(reversed_at, axis=0)
    earlier = np.vstack([np.zeros((min(steps, len(counts)), counts.shape[1])), counts[:-steps]])
    blocks = [sign, (counts > earlier[: len(counts)]).astype(np.float64)]
    if payloads:
        blocks.append(np.full((len(run), 1), payloads.get(run.name, np.nan)))
    return np.hstack(blocks)


def _changes(sign: Array) -> Array:
    """Return 1 where the direction is another than the last one that was not rest."""
    rows = np.where(sign != 0, np.arange(len(sign))[:, None], 0)
    last = np.take_along_axis(sign, np.maximum.accumulate(rows, axis=0), axis=0)
    change = np.zeros_like(sign)
    change[1:] = (last[1:] * last[:-1] < 0).astype(np.float64)
    return change


def told_now(card: ModelCard, observations: Array) -> Array:
    """Return what a probe may know without memory, shape (rows, n).

    The current inputs, sine and cosine of positions, and of velocities the size and a steep
    ``tanh``: shapes that friction has, so that a hidden unit is only credited for memory.

    Args:
        card: Card of the model.
        observations: Current inputs, shape (rows, F).
    """
    blocks = [observations]
    position, velocity = card.columns('position'), card.columns('velocity')
    if position is not None:
        blocks += [np.sin(observations[:, position]), np.cos(observations[:, position])]
    if velocity is not None:
        speed = observations[:, velocity]
        scale = np.maximum(0.1 * np.sqrt((speed**2).mean(0)), 1e-9)
        blocks += [np.abs(speed), np.tanh(speed / scale), np.exp(-((speed / scale) ** 2))]
    return np.hstack(blocks)
