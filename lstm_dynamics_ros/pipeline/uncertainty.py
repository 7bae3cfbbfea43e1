# SPDX-License-Identifier: Apache-2.0
"""How sure the model is while it runs: bounds of what it predicts, and how unusual things are."""

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.runtime.bounds import AdaptiveBounds, NoBoundsError, static_bounds
from lstm_dynamics_ros.runtime.novelty import Novelty
from lstm_dynamics_ros.runtime.predictor import Predictor
import numpy as np


class Uncertainty:
    """Bounds and novelty of one robot, followed over every grid point.

    Args:
        card: Card of the model. Without bounds on it there are none; :attr:`why_unbounded` says
            why.
        miss_rate: Share of moments that may lie outside the bounds.
    """

    def __init__(self, card: ModelCard, miss_rate: float) -> None:
        self.why_unbounded = ''
        """Why there are no bounds, one sentence; empty if there are."""
        self._bounds: AdaptiveBounds | None = None
        try:
            static = static_bounds(card, int(card.model_kind == 'forward'), miss_rate).half
            self._bounds = AdaptiveBounds(static, miss_rate)
        except NoBoundsError as error:
            self.why_unbounded = str(error)
        # What an inverse model says is of now, so its newest error comes with the prediction that
        # it is of: it counts for the bounds of the next.
        self._late = None if card.model_kind == 'forward' else np.full(len(card.targets), np.nan)
        self._novelty = Novelty(card)
        self._absent = np.full(card.n_joints, np.nan)
        self._columns = [
            card.columns(kind, of='targets') for kind in ('position', 'velocity', 'effort')
        ]

    @property
    def novelty(self) -> float:
        """How unusual the newest step is; 1 is usual, NaN before the first step."""
        return float(self._novelty.value[0])

    def reset(self) -> None:
        """Begin again from the bounds of the card."""
        self._novelty.reset()
        if self._bounds is not None:
            self._bounds.reset()
        if self._late is not None:
            self._late.fill(np.nan)

    def step(self, predictor: Predictor, error: Vector | None) -> None:
        """Take in the newest step of the model.

        Args:
            predictor: Has just made it.
            error: Newest measurement minus what had been said of it, shape (n_targets,); None if
                nothing had been, or nothing was measured.
        """
        self._novelty.update(predictor.observation, predictor.spread)
        if self._bounds is None:
            return
        if self._late is not None:
            self._bounds.update(self._late)
            np.copyto(self._late, np.nan if error is None else error)
        elif error is not None:
            self._bounds.update(error)

    def bounds(self, stamp_ns: int) -> JointState | None:
        """Return the half-widths of the prediction for a time [ns]; None without bounds.

        NaN where the model predicts nothing, or its card has no bounds.
        """
        if self._bounds is None:
            return None
        half = self._bounds.half.copy()
        parts = (self._absent if where is None else half[where] for where in self._columns)
        return JointState(stamp_ns, *parts)
