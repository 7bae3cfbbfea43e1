# SPDX-License-Identifier: Apache-2.0
"""The figures: error under disturbance over the error without, by kind and size of disturbance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.text_table import text_table
import numpy as np

STILL = 1e-6
"""Standard deviation below which a joint counts as still [unit of the signal]."""


@dataclass(frozen=True, kw_only=True)
class ChannelErrors:
    """One channel at one size of one disturbance."""

    rmse: Vector
    """Root mean squared error over what was answered, shape (n_joints,); NaN without answer."""
    undisturbed: Vector
    """The same rows without disturbance, shape (n_joints,)."""
    nmse: float
    """Mean squared error over the variance of the target, mean over the joints that move."""
    ratio: float
    """``rmse / undisturbed``, mean over the joints that move."""
    largest: Vector
    """Largest single error, shape (n_joints,)."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON-ready values; what is not finite is null."""
        return to_plain(
            {
                'ratio': self.ratio,
                'nmse': self.nmse,
                'rmse_per_joint': self.rmse,
                'undisturbed_per_joint': self.undisturbed,
                'largest_per_joint': self.largest,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Level:
    """One size of a disturbance."""

    size: float
    """In the unit of the curve."""
    figures: Mapping[str, ChannelErrors]
    """By channel."""
    answered: float
    """Share of the answers that there were."""
    age: float
    """Mean age of what the answers rest on [steps]."""
    restarts: int
    """How often the model had to forget the past."""
    not_finite: int
    """Predictions that were not finite, before anything was made of them."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Error over the size of one disturbance."""

    name: str
    title: str
    unit: str
    """Of the size."""
    levels: tuple[Level, ...]
    """The undisturbed one first."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            'title': self.title,
            'unit': self.unit,
            'levels': [
                {
                    'size': level.size,
                    'answered': level.answered,
                    'age_steps': to_plain(level.age),
                    'restarts': level.restarts,
                    'not_finite': level.not_finite,
                    'figures': {k: f.to_json() for k, f in level.figures.items()},
                }
                for level in self.levels
            ],
        }


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """What disturbances of the input do to one model."""

    model_name: str
    model_sha256: str
    model_kind: str
    joint_names: tuple[str, ...]
    dt: float
    """Step of the model [s]."""
    channels: tuple[str, ...]
    """What is scored, e.g. ``velocity+50``: 50 steps ahead."""
    curves: tuple[Curve, ...]
    sensor_noise: Mapping[str, Vector]
    """Standard deviation of the sensors' own noise by kind, shape (n_joints,)."""
    seed: int
    answers: int
    """How many were asked for on every curve but those with windows of their own."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must know to judge the figures."""

    def curve(self, name: str) -> Curve:
        """Return the curve of a name."""
        return next(curve for curve in self.curves if curve.name == name)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            'model': {'name': self.model_name, 'sha256': self.model_sha256},
            'model_kind': self.model_kind,
            'joint_names': list(self.joint_names),
            'dt': self.dt,
            'channels': list(self.channels),
            'sensor_noise': to_plain(self.sensor_noise),
            'seed': self.seed,
            'answers': self.answers,
            'curves': {curve.name: curve.to_json() for curve in self.curves},
            'notes': list(self.notes),
        }

    def text(self) -> str:
        """Return the tables for a terminal: error over the undisturbed error."""
        lines = [
            f'Robustness of {self.model_name}: RMSE over the undisturbed one, mean over joints'
        ]
        for curve in self.curves:
            lines += ['', curve.title]
            rows = []
            for level in curve.levels:
                found = [level.figures.get(channel) for channel in self.channels]
                shown = ['-' if one is None else _ratio(one.ratio) for one in found]
                lost = f'{level.not_finite} predictions not finite' if level.not_finite else ''
                share, age = f'{level.answered:.1%}', f'{level.age:.2f}'
                rows.append([f'{level.size:g}', *shown, largest(level), share, age, lost])
            head = [curve.unit, *self.channels, 'largest', 'answered', 'age', '']
            lines.append(text_table(head, rows, left=0))
        return '\n'.join([*lines, '', *(f'note: {note}' for note in self.notes)])


def channel_errors(errors: Matrix, undisturbed: Matrix, target: Matrix) -> ChannelErrors:
    """Return the figures of one channel, on the rows that are answered.

    Args:
        errors: Answer minus truth, shape (n, n_joints); NaN rows are not answered.
        undisturbed: The same without disturbance.
        target: What is true, same shape.
    """
    both = np.isfinite(errors).all(axis=1) & np.isfinite(undisturbed).all(axis=1)
    n_joints = errors.shape[1]
    if not both.any():
        nothing = np.full(n_joints, np.nan)
        return ChannelErrors(
            rmse=nothing, undisturbed=nothing, nmse=np.nan, ratio=np.nan, largest=nothing
        )
    rmse = np.sqrt(np.mean(errors[both] ** 2, axis=0))
    clean = np.sqrt(np.mean(undisturbed[both] ** 2, axis=0))
    spread = target.std(axis=0)
    moves = spread > STILL
    nmse = float(np.mean((rmse[moves] / spread[moves]) ** 2)) if moves.any() else np.nan
    ratios = [over(a, b) for a, b in zip(rmse[moves], clean[moves], strict=True)]
    return ChannelErrors(
        rmse=rmse,
        undisturbed=clean,
        nmse=nmse,
        ratio=float(np.mean(ratios)) if ratios else np.nan,
        largest=np.abs(errors[both]).max(axis=0),
    )


def over(error: float, undisturbed: float) -> float:
    """Return the ratio of two errors; 1 if both are zero."""
    if undisturbed > 0:
        return float(error / undisturbed)
    return 1.0 if error == 0 else float('inf')


def largest(level: Level) -> str:
    """Return the largest single error of a level, over the undisturbed RMSE of its joint."""
    ratios = [
        value
        for found in level.figures.values()
        for a, b in zip(found.largest, found.undisturbed, strict=True)
        if np.isfinite(value := over(a, b))
    ]
    return f'{max(ratios):.3g}' if ratios else '-'


def pooled(blocks: Sequence[Matrix]) -> Matrix:
    """Return the rows of several tracks as one matrix."""
    rows: Matrix = np.concatenate(list(blocks))
    return rows


def _ratio(value: float) -> str:
    return f'{value:.3f}' if value < 10 else f'{value:.4g}'


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
            rows = [
                [
                    channel,
                    name[:29],
                    *(
                        f'{self.relative(number, curve.name, level, channel):.4g}'
                        for level in result.curve(curve.name).levels
                    ),
                ]
                for channel in first.channels
                for number, (name, result) in enumerate(zip(self.names, self.results, strict=True))
            ]
            head = ['', '', *(f'{level.size:g}' for level in curve.levels)]
            lines.append(text_table(head, rows, left=2))
        return '\n'.join(lines)
