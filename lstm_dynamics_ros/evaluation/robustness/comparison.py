# SPDX-License-Identifier: Apache-2.0
"""The same disturbances on one model or two, e.g. trained with input noise and without."""

from dataclasses import dataclass
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.evaluation.robustness.result import Level, over, Robustness
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One model, or the model and another that saw the same recordings."""

    results: tuple[Robustness, ...]
    """The model first."""

    def __post_init__(self) -> None:
        first = self.results[0]
        for other in self.results[1:]:
            mine = (first.model_kind, first.joint_names, first.dt, first.channels)
            theirs = (other.model_kind, other.joint_names, other.dt, other.channels)
            if mine != theirs:
                raise ConfigError(
                    'Models can be compared that predict the same of the same joints at one step: '
                    f'{first.model_name} is {mine}, {other.model_name} is {theirs}.'
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models, made different where they are the same."""
        names = [result.model_name for result in self.results]
        if len(set(names)) == len(names):
            return tuple(names)
        return tuple(f'{r.model_name} {r.model_sha256[:6]}' for r in self.results)

    def relative(self, number: int, curve: str, level: Level, channel: str) -> float:
        """Return the error of a model over the undisturbed error of the first, mean over joints.

        It is the growth of the model's own error over the rows that it answers, times the ratio
        of the undisturbed errors over all rows: which rows are answered must not matter.

        Args:
            number: Which model.
            curve: Name of the curve.
            level: One of its levels.
            channel: What is scored.
        """
        found = level.figures[channel]
        first, own = (self.results[i].curve(curve).levels[0].figures[channel] for i in (0, number))
        joints = zip(found.rmse, found.undisturbed, own.rmse, first.rmse, strict=True)
        ratios = [over(a, b) * over(c, d) for a, b, c, d in joints if d > 0]
        return float(np.mean(ratios)) if ratios else float('nan')

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; the first model's at the top."""
        out = self.results[0].to_json()
        if len(self.results) > 1:
            out['against'] = self.results[1].to_json()
            first, named = self.results[0], list(zip(self.names, self.results, strict=True))
            out['over_undisturbed_of_first'] = to_plain(
                {
                    curve.name: {
                        channel: {
                            name: [
                                self.relative(number, curve.name, level, channel)
                                for level in result.curve(curve.name).levels
                            ]
                            for number, (name, result) in enumerate(named)
                        }
                        for channel in first.channels
                    }
                    for curve in first.curves
                }
            )
        return out

    def text(self) -> str:
        """Return the tables for a terminal."""
        parts = [result.text() for result in self.results]
        if len(self.results) > 1:
            parts.append(self._side_by_side())
        return '\n\n'.join(parts)

    def _side_by_side(self) -> str:
        first = self.results[0]
        lines = [f'RMSE over that of {self.names[0]} without disturbance, mean over joints']
        for curve in first.curves:
            lines += ['', f'{curve.title} [{curve.unit}]']
            sizes = ''.join(f'{level.size:>10g}' for level in curve.levels)
            lines.append(f'{"":44}{sizes}')
            for channel in first.channels:
                for number, (name, result) in enumerate(
                    zip(self.names, self.results, strict=True)
                ):
                    row = ''.join(
                        f'{self.relative(number, curve.name, level, channel):>10.4g}'
                        for level in result.curve(curve.name).levels
                    )
                    lines.append(f'{channel:14}{name[:29]:30}{row}')
        return '\n'.join(lines)
