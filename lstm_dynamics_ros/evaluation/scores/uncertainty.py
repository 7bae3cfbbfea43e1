# SPDX-License-Identifier: Apache-2.0
"""How well a model knows how wrong it is: coverage of its bounds, and errors by novelty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.coverage import Coverage, coverage
from lstm_dynamics_ros.evaluation.scores.inverse import Prior
from lstm_dynamics_ros.evaluation.scores.novelty import novelty_check, NoveltyCheck
from lstm_dynamics_ros.evaluation.scores.unseen_errors import unseen_errors
from lstm_dynamics_ros.runtime.bounds import NoBoundsError
from lstm_dynamics_ros.runtime.model_file import LoadedModel


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """Both on the same recordings."""

    coverage: Coverage | None
    """None for a model without bounds on its card."""
    novelty: NoveltyCheck
    why_unbounded: str = ''
    """Why there is no coverage; empty if there is."""

    def to_json(self) -> dict[str, Any]:
        """Return ``coverage`` and ``ood`` as JSON-ready values."""
        told = {'unbounded': self.why_unbounded} if self.coverage is None else (
            self.coverage.to_json()
        )  # fmt: skip
        return {'coverage': told, 'ood': self.novelty.to_json()}

    def text(self) -> str:
        """Return the tables for a terminal."""
        told = self.why_unbounded if self.coverage is None else self.coverage.text()
        return f'{told}\n\n{self.novelty.text()}'


def uncertainty(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    horizons: Sequence[int] = (1,),
    stride: int = 1,
    mode: str | None = None,
    prior: Prior | None = None,
) -> Uncertainty:
    """Measure on recordings that a model was not trained on how well it knows its errors.

    Args:
        loaded: A model of any kind.
        segments: The recordings.
        horizons: How far ahead a forward model looks [steps]; novelty is checked at the last.
        stride: Distance between forecasts of a forward model [steps].
        mode: See :func:`.unseen_errors.unseen_errors`.
        prior: What the output of a residual inverse model is added to.

    Raises:
        ConfigError: As :func:`.unseen_errors.unseen_errors`.
        DataError: As :func:`.unseen_errors.unseen_errors`.
        TooShortError: As :func:`.unseen_errors.unseen_errors`.
    """
    unseen = unseen_errors(
        loaded, segments, horizons=horizons, stride=stride, mode=mode, prior=prior
    )
    covered, why = None, ''
    try:
        covered = coverage(unseen)
    except NoBoundsError as error:
        why = str(error)
    return Uncertainty(coverage=covered, novelty=novelty_check(unseen), why_unbounded=why)
