# SPDX-License-Identifier: Apache-2.0
"""The figures of a published protocol, ours and its opponents' side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lstm_dynamics_ros.state import Vector
import numpy as np


@dataclass(frozen=True, kw_only=True)
class ProtocolResult:
    """A table: one row per predictor, one figure (per joint) per column."""

    protocol: str
    """Name of the data set and split."""
    unit: str
    """Unit of the figures; empty for ratios."""
    joint_names: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Vector]]
    """figures[predictor][column], one value per joint, shape (n_joints,)."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must know to judge the figures."""

    def mean(self, predictor: str, column: str) -> float:
        """Return one figure averaged over joints, as the protocols do."""
        return float(np.mean(self.figures[predictor][column]))

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            'protocol': self.protocol,
            'unit': self.unit,
            'joint_names': list(self.joint_names),
            'mean': {p: {c: self.mean(p, c) for c in row} for p, row in self.figures.items()},
            'per_joint': {
                p: {c: v.tolist() for c, v in row.items()} for p, row in self.figures.items()
            },
            'notes': list(self.notes),
        }

    def text(self) -> str:
        """Return the table for a terminal, means first and the joints after them."""
        width = max(len(name) for name in self.figures) + 2
        lines = [f'{self.protocol}{f" [{self.unit}]" if self.unit else ""}']
        columns = list(dict.fromkeys(c for row in self.figures.values() for c in row))
        for column in columns:
            lines.append(f'{column}: mean, then {", ".join(self.joint_names)}')
            for predictor, row in self.figures.items():
                if column in row:
                    joints = ' '.join(f'{value:9.3g}' for value in row[column])
                    lines.append(f'  {predictor:{width}}{np.mean(row[column]):9.4g}  {joints}')
        lines += [f'note: {note}' for note in self.notes]
        return '\n'.join(lines)
