# SPDX-License-Identifier: Apache-2.0
"""How unusual a model finds blocks of its data, as it would say on a robot.

Of every block the training ranges are those of the member that did not see it. That the others saw
it cannot be undone: they agree on it more than on something new.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
from lstm_dynamics_ros.learning.training.dataset import WindowBatch
from lstm_dynamics_ros.learning.training.losses import join
from lstm_dynamics_ros.runtime.novelty import Novelty
import numpy as np
import torch
from torch import Tensor


class BlockNovelty:
    """Scores blocks, and the free runs that start in them.

    Args:
        models: What judges each part of the data: the ensemble, or a lone model that did not
            see it.
        cards: Card of the model for each part, with the ranges that its member saw.
    """

    def __init__(self, models: Sequence[Model], cards: Sequence[ModelCard]) -> None:
        self._models = models
        self._cards = cards
        self._causal = 'effort' in {signal.kind for signal in cards[0].targets}

    @torch.no_grad()
    def excess(
        self, part: int, windows: WindowBatch, starts: Sequence[int], horizons: Sequence[int]
    ) -> Tensor:
        """Return both signs of novelty, shape (horizons, moments, N, 2, D).

        See :attr:`~lstm_dynamics_ros.runtime.novelty.Novelty.excess`. A free run knows no effort
        after its start if the model predicts it.

        Args:
            part: Which part of the data the blocks are of.
            windows: The blocks.
            starts: Moments that are scored, rising; free runs start there.
            horizons: Steps ahead, rising from 1; 0 alone for a model of the effort now.
        """
        model, card, rows = self._models[part], self._cards[part], windows.observations
        n = rows.shape[1]
        seen = rows[: starts[-1] + 1]
        each = _each(model, seen)
        between, along = spread(each).numpy(), Novelty(card, n)
        newest = np.empty((len(starts), n, 2, model.n_targets))
        memories = np.empty((len(starts), n, model.n_targets))
        number = {start: k for k, start in enumerate(starts)}
        for step, row in enumerate(seen.numpy()):
            along.update(row, between[step])
            if step in number:
                newest[number[step]], memories[number[step]] = along.excess, along.memory
        found = {min(horizons): newest}
        if horizons[-1] > 1:
            _, states = model.branches(seen, model.zero_state(n), starts)
            state, prediction = join(states), each.mean(0)[list(starts)].flatten(0, 1)
            ahead = Novelty(card, len(starts) * n)
            ahead.memory = memories.reshape(-1, model.n_targets)
            motion = min(model.n_targets, 2 * model.n_joints)
            for step in range(2, horizons[-1] + 1):
                measured = rows[[start + step - 1 for start in starts]].flatten(0, 1)
                own = model.n_targets if self._causal else motion
                fed = torch.cat([prediction[:, :own], measured[:, own:]], 1)
                if isinstance(model, Ensemble):
                    several, state = model.step_each(fed, state)
                else:
                    alone, state = model.step(fed, state)
                    several = alone.unsqueeze(0)
                prediction = several.mean(0)
                ahead.update(fed.numpy(), spread(several).numpy())
                if step in horizons:
                    found[step] = ahead.excess.reshape(newest.shape).copy()
        return torch.tensor(np.stack([found[h] for h in horizons]), dtype=rows.dtype)


def _each(model: Model, rows: Tensor) -> Tensor:
    """Return what each member predicts, shape (M, T, N, D)."""
    state = model.zero_state(rows.shape[1])
    if isinstance(model, Ensemble):
        return model.sequence_each(rows, state)
    return model.sequence(rows, state)[0].unsqueeze(0)
