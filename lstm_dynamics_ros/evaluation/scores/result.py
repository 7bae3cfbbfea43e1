# SPDX-License-Identifier: Apache-2.0
"""The result of a scoring: figures by kind, horizon and forecaster, as numbers, text and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.forecasters.base import chosen_text
from lstm_dynamics_ros.evaluation.metrics import DIVERGED

MEASURED = 'measured'
TRUTH = 'truth'


@dataclass(frozen=True, kw_only=True)
class HorizonScore:
    """One signal kind, one horizon, one forecaster."""

    nmse: float
    """Mean squared error over variance, mean over the joints that move; infinite where a free run
    left its bounds."""
    nmse_per_joint: Vector
    """NaN for joints that do not move, shape (n_joints,)."""
    rmse_per_joint: Vector
    """Root mean squared error in SI units, shape (n_joints,)."""
    nmse_per_trajectory: Mapping[str, float]
    """Error of each trajectory over the variance of all together."""
    effort_source: str
    """What stood in for unknown efforts: held, predicted, or none."""

    @property
    def diverged(self) -> bool:
        """Whether it is by far worse than a constant."""
        return self.nmse > DIVERGED

    @property
    def shown(self) -> str:
        """The nMSE as text."""
        return 'diverged' if self.diverged else f'{self.nmse:.3e}'


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Forecasters side by side in one mode."""

    mode: str
    """``known_torque`` or ``causal``."""
    horizons: tuple[int, ...]
    """Rising [steps]."""
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    """The model first, then its baselines."""
    joint_names: tuple[str, ...]
    dt: float
    """Step of the grid [s]."""
    entries: Mapping[tuple[str, int, str], HorizonScore]
    """By (kind, horizon, name)."""
    noise_floor: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """nMSE of the sensor itself by (kind, horizon); only with truth."""
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was chosen when a baseline was fitted, by its name."""
    still_joints: tuple[str, ...] = ()
    """Joints that do not move, left out of the means."""
    starts: int
    """Number of forecasts per forecaster."""
    scored_against: str
    """``measured`` or ``truth``."""

    def nmse(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return nmse[kind][horizon][name]; horizons are text, as in JSON."""
        return {
            kind: {
                str(h): {name: self.entries[kind, h, name].nmse for name in self.names}
                for h in self.horizons
            }
            for kind in self.kinds
        }

    def best_baseline(self, kind: str, horizon: int) -> str | None:
        """Return the baseline with the smallest error; None if all diverged."""
        stable = [n for n in self.names[1:] if not self.entries[kind, horizon, n].diverged]
        errors = {name: self.entries[kind, horizon, name].nmse for name in stable}
        return min(stable, key=lambda name: errors[name], default=None)

    def ratio(self, kind: str, horizon: int) -> float:
        """Return the error of the first forecaster over that of the best baseline.

        NaN if all baselines diverged.
        """
        best = self.best_baseline(kind, horizon)
        if best is None:
            return float('nan')
        own = self.entries[kind, horizon, self.names[0]].nmse
        return _over(own, self.entries[kind, horizon, best].nmse)

    def worst_trajectory(self, kind: str, horizon: int) -> tuple[str, float]:
        """Return the trajectory where the first forecaster does worst against the best baseline.

        Returns:
            Its name, and the error there over that of the baseline that is best there; no name
            and NaN if all baselines diverged.
        """
        own = self.entries[kind, horizon, self.names[0]].nmse_per_trajectory
        ratios = {}
        for name, error in own.items():
            others = [self.entries[kind, horizon, n] for n in self.names[1:]]
            errors = [entry.nmse_per_trajectory[name] for entry in others if not entry.diverged]
            if errors:
                ratios[name] = _over(error, min(errors))
        worst = max(ratios, key=lambda name: ratios[name], default='')
        return worst, ratios.get(worst, float('nan'))

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; NaN and infinite ratios become null."""
        return to_plain(
            {
                'mode': self.mode,
                'dt': self.dt,
                'joint_names': self.joint_names,
                'still_joints': self.still_joints,
                'starts': self.starts,
                'chosen': self.chosen,
                'diverged': self._nested({key: self._diverged(*key) for key in self._cells}),
                'scored_against': self.scored_against,
                'nmse': self.nmse(),
                'noise_floor': self._nested(self.noise_floor) if self.noise_floor else {},
                'detail': {
                    kind: {
                        h: {n: self.entries[kind, h, n] for n in self.names} for h in self.horizons
                    }
                    for kind in self.kinds
                },
            }
            | (self._against_baselines() if len(self.names) > 1 else {})
        )

    def _against_baselines(self) -> dict[str, Any]:
        worst = {key: self.worst_trajectory(*key) for key in self._cells}
        named = {key: {'name': name, 'ratio': ratio} for key, (name, ratio) in worst.items()}
        return {
            'ratio_to_best': self._nested({key: self.ratio(*key) for key in self._cells}),
            'worst_trajectory': self._nested(named),
        }

    @property
    def _cells(self) -> list[tuple[str, int]]:
        """What is scored: kind and horizon."""
        return [(kind, h) for kind in self.kinds for h in self.horizons]

    def _diverged(self, kind: str, horizon: int) -> list[str]:
        """Return the forecasters that diverged."""
        return [name for name in self.names if self.entries[kind, horizon, name].diverged]

    def choices(self) -> list[str]:
        """Return what was chosen when baselines were fitted, in words."""
        return [chosen_text(name, chosen) for name, chosen in self.chosen.items()]

    def _nested(self, values: Mapping[tuple[str, int], Any]) -> dict[str, dict[int, Any]]:
        """Return values by kind, then by horizon."""
        return {kind: {h: values[kind, h] for h in self.horizons} for kind in self.kinds}

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [
            f'nMSE, {self.mode}, against {self.scored_against}, '
            f'{self.starts} forecasts, dt {1e3 * self.dt:g} ms'
        ]
        heads = [*self.names, 'model/best', 'worst traj.'] if len(self.names) > 1 else self.names
        heads = [*heads, 'noise floor'] if self.noise_floor else heads
        rows = []
        for kind in self.kinds:
            for h in self.horizons:
                values = [self.entries[kind, h, name].shown for name in self.names]
                if len(self.names) > 1:
                    values.append(f'{self.ratio(kind, h):.2f}')
                    values.append(f'{self.worst_trajectory(kind, h)[1]:.2f}')
                if self.noise_floor:
                    values.append(f'{self.noise_floor[kind, h]:.3e}')
                rows.append([kind, str(h), f'{1e3 * h * self.dt:.4g}', *values])
        lines.append(text_table(['', 'steps', 'ms', *heads], rows))
        if self.mode == 'causal':
            lines.append(f'effort after the start: {self._effort_sources()}')
        lines += self.choices()
        if self.still_joints:
            lines.append(f'joints that do not move, left out: {", ".join(self.still_joints)}')
        return '\n'.join(lines)

    def _effort_sources(self) -> str:
        """Return who filled the unknown efforts how, as one phrase."""
        parts = []
        for name in self.names:
            used = {entry.effort_source for key, entry in self.entries.items() if key[2] == name}
            if used := used - {'none'}:
                parts.append(f'{name} {" or ".join(sorted(used))}')
        return ', '.join(parts) or 'not used'


def _over(error: float, other: float) -> float:
    """Return the ratio of two errors; 1 if both are zero."""
    if other > 0:
        return error / other
    return 1.0 if error == 0 else float('inf')
