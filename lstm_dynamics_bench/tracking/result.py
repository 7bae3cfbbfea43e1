# SPDX-License-Identifier: Apache-2.0
"""Results of the benchmark by budget, scenario and method, and their JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.classical import NONE
from lstm_dynamics_bench.tracking.settings import SuiteSettings
from lstm_dynamics_bench.tracking.sweep import Stability
from lstm_dynamics_bench.tracking.tuning import Figures, geometric_mean, Tried
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import Score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS
from lstm_dynamics_ros.evaluation.library_versions import library_versions

OURS = 'feedforward_dob'
"""The controller that the summary compares with the best baseline."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Ours over the best baseline of each scenario."""

    ratios: Mapping[str, float]
    """By scenario: RMS error of ours over that of the best baseline."""
    best: Mapping[str, str]
    """By scenario: its name."""

    @property
    def geomean_ratio(self) -> float:
        """Geometric mean over scenarios."""
        return geometric_mean(list(self.ratios.values()))

    @property
    def worst_ratio(self) -> float:
        """Largest of any scenario."""
        return max(self.ratios.values())


@dataclass(frozen=True, kw_only=True)
class Budgeted:
    """Figures under one budget of roughness."""

    budget: float | None
    chosen: Mapping[str, Tried | None]
    """By controller: its setting; None if none is within the budget."""
    figures: Mapping[tuple[str, str], Figures]
    """By scenario and controller."""
    scores: Mapping[tuple[str, str], Sequence[Score]]
    """Every run of them."""

    @property
    def scenarios(self) -> list[str]:
        """Scenarios in the order they were run."""
        return list(dict.fromkeys(scenario for scenario, _ in self.figures))

    def best_baseline(self, scenario: str) -> str:
        """Return the classical controller with the least error in a scenario."""
        errors = {
            name: item.rms_mrad
            for (where, name), item in self.figures.items()
            if where == scenario and METHODS[name].classical
        }
        return min(errors, key=lambda name: errors[name])

    def summary(self) -> Summary | None:
        """Return ours over the best baselines; None if ours was not run."""
        counted = [
            name
            for name in self.scenarios
            if SCENARIOS[name].summarised and (name, OURS) in self.figures
        ]
        if not counted:
            return None
        best = {name: self.best_baseline(name) for name in counted}
        return Summary(
            ratios={
                name: self.figures[name, OURS].rms_mrad / self.figures[name, best[name]].rms_mrad
                for name in counted
            },
            best=best,
        )

    def violations(self) -> dict[str, dict[str, int]]:
        """Return by controller what was past a limit beyond what the robot does on its own."""
        found: dict[str, dict[str, int]] = {}
        for (scenario, name), runs in self.scores.items():
            alone = self.scores[scenario, NONE]
            for run, plain in zip(runs, alone, strict=True):
                for kind, count in run.violations.items():
                    more = max(0, count - plain.violations[kind])
                    by_kind = found.setdefault(name, {})
                    by_kind[kind] = by_kind.get(kind, 0) + more
        return found


@dataclass(frozen=True, kw_only=True)
class TrackingResult:
    """All results of one run."""

    robot: str
    settings: SuiteSettings
    identified: IdentifiedModel | None
    tried: Mapping[str, Sequence[Tried]]
    """By controller every setting on the training seeds."""
    budgeted: Mapping[str, Budgeted]
    """By name of the budget."""
    sweeps: Mapping[str, Sequence[Stability]]
    """By name of the budget: stability on random robots; empty without a sweep."""
    absent: Mapping[str, str]
    """Controllers that were left out, and why."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        first = next(iter(self.budgeted.values()))
        out: dict[str, Any] = {
            'robot': self.robot,
            'quick': self.settings.quick,
            'seeds': {
                'training': list(self.settings.training_seeds),
                'held_out': list(self.settings.seeds),
            },
            'scenarios': _scenarios(first),
            'tuned': {name: _tuned(item) for name, item in self.budgeted.items()},
            'curves': {
                name: [
                    {
                        'settings': dict(item.settings),
                        'rms_mrad': item.error_mrad,
                        'roughness': dict(item.roughness),
                    }
                    for item in items
                ]
                for name, items in self.tried.items()
            },
            'violations': {name: item.violations() for name, item in self.budgeted.items()},
            'stability': {
                name: [asdict(item) for item in items] for name, items in self.sweeps.items()
            },
            'absent': dict(self.absent),
            'versions': library_versions('mujoco-core', 'scipy'),
        }
        if self.identified is not None:
            out['identified'] = to_plain(self.identified)
        for name, key in (('2', 'summary'), ('none', 'summary_unconstrained')):
            if name in self.budgeted:
                out[key] = _summary(self.budgeted[name].summary())
        if 'none' in self.budgeted and len(self.budgeted) > 1:
            out['scenarios_unconstrained'] = _scenarios(self.budgeted['none'])
        return out


def _scenarios(item: Budgeted) -> dict[str, dict[str, Any]]:
    """Return figures by scenario and controller."""
    out: dict[str, dict[str, Any]] = {}
    for (scenario, name), found in item.figures.items():
        runs = item.scores[scenario, name]
        entry = asdict(found)
        frozen = [run.frozen_after for run in runs if run.frozen_after is not None]
        if frozen:
            slowest = max(frozen)
            entry['frozen_after_s'] = slowest if slowest < float('inf') else None
        entry['trusted_share'] = sum(run.trusted for run in runs) / len(runs)
        entry['lowest_confidence'] = min(run.low_confidence for run in runs)
        entry['seeds_rms_mrad'] = [run.rms_mrad for run in runs]
        out.setdefault(scenario, {})[name] = entry
    return out


def _tuned(item: Budgeted) -> dict[str, Any]:
    """Return what every controller was tuned to under a budget."""
    return {
        name: None
        if chosen is None
        else {
            'settings': dict(chosen.settings),
            'rms_mrad': chosen.error_mrad,
            'roughest': chosen.roughest,
        }
        for name, chosen in item.chosen.items()
    }


def _summary(found: Summary | None) -> dict[str, Any] | None:
    """Return the summary, None if ours was not run."""
    if found is None:
        return None
    return {
        'geomean_ratio': found.geomean_ratio,
        'worst_ratio': found.worst_ratio,
        'ratios': dict(found.ratios),
        'best_baseline': dict(found.best),
    }
