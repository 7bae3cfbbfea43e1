# SPDX-License-Identifier: Apache-2.0
"""Several streams of one recording followed side by side, one model call per grid point."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.robustness.placing import Placed
from lstm_dynamics_ros.runtime.fleet import Fleet
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]


class Followed(NamedTuple):
    """What a model made of one stream; rows are the points of its :class:`Placed`."""

    told: Matrix
    """Prediction after each point, shape (n_points, n_targets); NaN where it has none."""
    warm: NDArray[np.bool_]
    """Whether it had seen enough for the prediction to mean something, shape (n_points,)."""
    states: tuple[Tensor, ...]
    """Hidden states after the points asked for, each (n_layers, n_asked, n_hidden)."""
    not_finite: int
    """Points at which the model had no finite prediction, or forgot what it could not believe."""


def follow(
    loaded: LoadedModel,
    streams: Sequence[Placed],
    keep: Sequence[NDArray[np.int64]],
    seen: Sequence[Sequence[Vector]] | None = None,
) -> list[Followed]:
    """Take every stream through the model, as the node would.

    Args:
        loaded: The model.
        streams: What is known of each, on one time grid.
        keep: Points of each stream after which the hidden state is wanted, rising.
        seen: What the model sees at every point of each, shape (n_points, n_features), if that is
            not the state alone.
    """
    fleet = Fleet(loaded, len(streams))
    card = loaded.card
    told = [np.full((len(s.points), len(card.targets)), np.nan) for s in streams]
    warm = [np.zeros(len(s.points), bool) for s in streams]
    shape = (card.num_layers, card.hidden_size)
    states = [
        tuple(np.zeros((shape[0], len(rows), shape[1]), np.float32) for _ in card.state_names)
        for rows in keep
    ]
    kept = [0] * len(streams)
    at = [0] * len(streams)
    first = min(int(s.numbers[0]) for s in streams if s.points)
    last = max(int(s.numbers[-1]) for s in streams if s.points)
    for index in range(first, last + 1):
        now = [
            s.points[i] if i < len(s.points) and s.numbers[i] == index else None
            for s, i in zip(streams, at, strict=True)
        ]
        told_apart = None
        if seen is not None:
            told_apart = [
                rows[i] if point is not None else None
                for rows, i, point in zip(seen, at, now, strict=True)
            ]
        predictions = fleet.update(now, told_apart)
        ready = fleet.warm
        for number, point in enumerate(now):
            if point is None:
                continue
            row = at[number]
            told[number][row] = predictions[number]
            warm[number][row] = ready[number]
            if kept[number] < len(keep[number]) and keep[number][kept[number]] == row:
                for mine, theirs in zip(states[number], fleet.buffers, strict=True):
                    mine[:, kept[number]] = theirs[:, number]
                kept[number] += 1
            at[number] += 1
    lost = [int((~np.isfinite(rows).all(axis=1)).sum()) for rows in told]
    return [Followed(*parts) for parts in zip(told, warm, states, lost, strict=True)]
