# SPDX-License-Identifier: Apache-2.0
"""Results of the benchmark by set and seed, and their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any

from lstm_dynamics_bench.published.reference_file import frozen_of, Reproduced
from lstm_dynamics_bench.published.robot_set import SetScore
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_ros.evaluation.library_versions import library_versions
import numpy as np


@dataclass(frozen=True, kw_only=True)
class SetResult:
    """Figures, times and settings of one set."""

    name: str
    sha256: str
    """Digest of its files."""
    reproduced: Mapping[str, Reproduced]
    """By key of FROZEN."""
    scores: Mapping[int, SetScore]
    """By seed."""
    training_seconds: Mapping[int, float]
    """By seed: what training took when it was done, all folds one after the other."""
    scoring_seconds: Mapping[int, float]
    settings: Mapping[str, Any]
    """What was trained, of the first seed."""

    @property
    def frozen(self) -> dict[str, list[float]]:
        """Figures that were written down, by key of FROZEN."""
        return frozen_of(self.reproduced)

    def values(self, key: str) -> list[float]:
        """Return a figure of every seed; infinite where it diverged."""
        return [score.figures[key] for score in self.scores.values()]

    def mean(self, key: str) -> float:
        """Return the mean of a figure over the seeds; infinite if one diverged."""
        return float(np.mean(self.values(key)))

    def spread(self, key: str) -> tuple[float, float]:
        """Return the least and the largest of the seeds."""
        return min(self.values(key)), max(self.values(key))

    @property
    def diverged(self) -> dict[str, dict[str, int]]:
        """Free runs that left the robot, all seeds together, by column of the protocol."""
        found: dict[str, dict[str, int]] = {}
        for score in self.scores.values():
            for table in score.tables:
                for column, lost in table.diverged.get('model', {}).items():
                    entry = found.setdefault(column, {'runs': 0, 'of': 0})
                    entry['runs'] += lost.runs
                    entry['of'] += lost.of
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the figures; null where a free run diverged."""
        keys = [figure.key for figure in SETS[self.name].figures]
        return {
            **{key: _number(self.mean(key)) for key in keys},
            'range': {key: [_number(x) for x in self.spread(key)] for key in keys},
            'per_seed': {key: [_number(x) for x in self.values(key)] for key in keys},
            'diverged': self.diverged,
            'tables': {
                str(seed): [table.to_json() for table in score.tables]
                for seed, score in self.scores.items()
            },
            'training_seconds': {str(k): v for k, v in self.training_seconds.items()},
            'scoring_seconds': {str(k): v for k, v in self.scoring_seconds.items()},
            'settings': dict(self.settings),
        }


@dataclass(frozen=True, kw_only=True)
class RealResult:
    """Results of all sets."""

    sets: Mapping[str, SetResult]
    failed: Mapping[str, str]
    """Sets without figures, and why."""
    seeds: tuple[int, ...]
    seconds: float
    """What this run took; little if much was kept."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        extras: dict[str, dict[str, Any]] = {}
        for name, item in self.sets.items():
            first = next(iter(item.scores.values()))
            for kind, values in first.extras.items():
                extras.setdefault(kind, {})[name] = values
        return {
            'sets': {name: item.to_json() for name, item in self.sets.items()},
            **extras,
            'frozen': {
                key: item._asdict()
                for one in self.sets.values()
                for key, item in one.reproduced.items()
            },
            'failed': dict(self.failed),
            'seeds': list(self.seeds),
            'data_sha256': {name: item.sha256 for name, item in self.sets.items()},
            'versions': versions(),
            'seconds': self.seconds,
        }


def versions() -> dict[str, str]:
    """Return the versions that figures depend on."""
    return library_versions('torch', 'scipy')


def _number(value: float) -> float | None:
    """Return a figure for JSON, which has no infinity."""
    return value if math.isfinite(value) else None
