# SPDX-License-Identifier: Apache-2.0
"""The figures of a published protocol, ours and its baselines' side by side.

A free run that ends far outside of where the robot has ever been says nothing about the robot. It
is counted, and the figure it belongs to is infinite: a mean over the others would be small for
the wrong reason, and so would be a clipped prediction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
from numpy.typing import NDArray

FAR = 1.0
"""How far past the range of the training data is too far, in widths of that range."""


class Diverged(NamedTuple):
    """How many free runs left the robot."""

    runs: int
    of: int

    def text(self) -> str:
        """Return it in words."""
        return f'{self.runs} of {self.of} diverged'


class Reach(NamedTuple):
    """Where positions can be believed, shape (n_joints,) each [rad] or [m]."""

    low: Vector
    high: Vector

    @classmethod
    def of(cls, training: Sequence[Segment], n_joints: int) -> 'Reach':
        """Return the range of training data and :data:`FAR` beyond; without data any position."""
        if not training:
            return cls(np.full(n_joints, -np.inf), np.full(n_joints, np.inf))
        rows = np.concatenate([segment.position for segment in training])
        low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
        margin = FAR * (high - low)
        return cls(low - margin, high + margin)

    def diverged(self, runs: Sequence[NDArray[np.float64]]) -> Diverged:
        """Count the runs with a position that is not finite or out of reach.

        Args:
            runs: Predicted positions, each shape (n_steps, n_joints).
        """
        lost = [not np.all((run >= self.low) & (run <= self.high)) for run in runs]
        return Diverged(sum(lost), len(lost))


@dataclass(frozen=True, kw_only=True)
class ProtocolResult:
    """A table: one row per predictor, one figure (per joint) per column."""

    protocol: str
    """Name of the data set and split."""
    unit: str
    """Unit of the figures; empty for ratios."""
    joint_names: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Vector]]
    """figures[predictor][column], one value per joint, shape (n_joints,); infinite where free runs
    diverged."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must know to judge the figures."""
    diverged: Mapping[str, Mapping[str, Diverged]] = field(default_factory=dict)
    """diverged[predictor][column]: free runs behind a figure that left the robot."""

    def mean(self, predictor: str, column: str) -> float:
        """Return one figure averaged over joints, as the protocols do; infinite if diverged."""
        return float(np.mean(self.figures[predictor][column]))

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; what diverged is null and counted."""
        return to_plain(
            {
                'protocol': self.protocol,
                'unit': self.unit,
                'joint_names': self.joint_names,
                'mean': {p: {c: self.mean(p, c) for c in row} for p, row in self.figures.items()},
                'per_joint': self.figures,
                'notes': self.notes,
                'diverged': {
                    p: {c: item for c, item in row.items() if item.runs}
                    for p, row in self.diverged.items()
                },
            }
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> 'ProtocolResult':
        """Return the result that :meth:`to_json` gave."""
        return cls(
            protocol=values['protocol'],
            unit=values['unit'],
            joint_names=tuple(values['joint_names']),
            figures={
                p: {c: np.array([np.inf if x is None else x for x in v]) for c, v in row.items()}
                for p, row in values['per_joint'].items()
            },
            notes=tuple(values['notes']),
            diverged={
                p: {c: Diverged(**item) for c, item in row.items()}
                for p, row in values['diverged'].items()
            },
        )

    def text(self) -> str:
        """Return the table for a terminal, means first and the joints after them."""
        width = max(len(name) for name in self.figures) + 2
        lines = [f'{self.protocol}{f" [{self.unit}]" if self.unit else ""}']
        columns = list(dict.fromkeys(c for row in self.figures.values() for c in row))
        for column in columns:
            lines.append(f'{column}: mean, then {", ".join(self.joint_names)}')
            for predictor, row in self.figures.items():
                if column in row:
                    lines.append(f'  {predictor:{width}}{self._row(predictor, column)}')
        lines += [f'note: {note}' for note in self.notes]
        return '\n'.join(lines)

    def _row(self, predictor: str, column: str) -> str:
        """Return one figure as text: the mean, then the joints."""
        values = self.figures[predictor][column]
        lost = self.diverged.get(predictor, {}).get(column)
        if lost is not None and lost.runs:
            return lost.text()
        if np.isinf(values).any():
            return 'diverged'
        joints = ' '.join(f'{value:9.3g}' for value in values)
        return f'{np.mean(values):9.4g}  {joints}'


def pooled(results: Sequence[ProtocolResult], protocol: str) -> ProtocolResult:
    """Return the mean over folds of every figure, joint by joint.

    Args:
        results: One per fold, with the same joints and predictors.
        protocol: Name of the whole.
    """
    first = results[0]
    columns = [(p, c) for p, row in first.figures.items() for c in row]
    figures: dict[str, dict[str, Vector]] = {}
    diverged: dict[str, dict[str, Diverged]] = {}
    for p, c in columns:
        figures.setdefault(p, {})[c] = np.mean([item.figures[p][c] for item in results], axis=0)
        counts = [item.diverged[p][c] for item in results if c in item.diverged.get(p, {})]
        if counts:
            total = Diverged(sum(n.runs for n in counts), sum(n.of for n in counts))
            diverged.setdefault(p, {})[c] = total
    return ProtocolResult(
        protocol=protocol,
        unit=first.unit,
        joint_names=first.joint_names,
        figures=figures,
        notes=(f'mean of {len(results)} folds',),
        diverged=diverged,
    )
