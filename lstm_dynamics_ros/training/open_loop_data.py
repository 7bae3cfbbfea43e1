# SPDX-License-Identifier: Apache-2.0
"""Runs of a torque observer with parts of the motion hidden, through its filter once and for all.

The filter does not depend on the recurrent correction, so what it says of a run is computed once
and kept; training the correction is then running plain sequences through its cell.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.training.signals import Trajectory
from lstm_dynamics_ros.training.torque_observer import Filtered, TorqueObserver
import torch
from torch import Tensor

MOST_RUNS = 1024
"""Runs of one kind that are kept, evenly spread over the data; bounds memory and time."""

_BATCH = 256


class HiddenRuns(NamedTuple):
    """Runs of equal length whose motion is known at first only, time first."""

    filtered: Filtered
    """What the filter says, each part of shape (T, N, ...)."""
    targets: Tensor
    """Motion of the next row, shape (T, N, 2 n_joints)."""
    there: Tensor
    """1 where the target exists, shape (T, N, 1)."""
    known: int
    """Rows at the start whose motion is known."""

    def pick(self, which: Tensor) -> 'HiddenRuns':
        """Return some of the runs."""
        filtered = Filtered(*(part[:, which] for part in self.filtered))
        return HiddenRuns(filtered, self.targets[:, which], self.there[:, which], self.known)


@torch.no_grad()
def hidden_runs(
    model: TorqueObserver, runs: Sequence[Trajectory], *, known: int, steps: int, stride: int
) -> HiddenRuns | None:
    """Run the filter over pieces of trajectories whose motion is known at first only.

    Args:
        model: An identified model.
        runs: The data.
        known: Rows of a piece whose motion is known.
        steps: Predictions of a piece; trajectories that are shorter make shorter pieces.
        stride: Rows from the start of one piece to that of the next.

    Returns:
        The pieces; None if no trajectory has more rows than are known.
    """
    n = model.n_joints
    pieces = [
        (run, start)
        for run in runs
        for start in range(0, max(1, len(run.observations) - steps), stride)
        if len(run.observations) - start > known
    ]
    if len(pieces) > MOST_RUNS:
        chosen = torch.linspace(0, len(pieces) - 1, MOST_RUNS).long().tolist()
        pieces = [pieces[k] for k in chosen]
    if not pieces:
        return None
    model.eval()
    parts = []
    for first in range(0, len(pieces), _BATCH):
        rows = [
            run.observations[start : start + steps + 1]
            for run, start in pieces[first : first + _BATCH]
        ]
        ends = torch.tensor([len(row) - 1 for row in rows])
        length = int(ends.max())
        table = torch.stack([_padded(row, length + 1) for row in rows], 1)
        told = (torch.arange(length) < known).float().reshape(-1, 1, 1)
        filtered, _ = model.filtered(
            table[:-1], model.zero_state(len(rows)), known=told.expand(-1, len(rows), -1)
        )
        there = (torch.arange(length)[:, None] < ends).float().unsqueeze(2)
        parts.append(HiddenRuns(filtered, table[1:, :, : 2 * n], there, known))
    return _together(parts)


def _padded(rows: Tensor, length: int) -> Tensor:
    return torch.cat([rows, rows[-1:].expand(length - len(rows), -1)])


def _together(parts: Sequence[HiddenRuns]) -> HiddenRuns:
    """Return batches as one, padded to the length of the longest."""
    length = max(len(part.there) for part in parts)

    def joined(tensors: Sequence[Tensor]) -> Tensor:
        grown = []
        for tensor in tensors:
            more = torch.zeros(length - len(tensor), *tensor.shape[1:], dtype=tensor.dtype)
            grown.append(torch.cat([tensor, more]))
        return torch.cat(grown, 1)

    filtered = [joined(same) for same in zip(*(part.filtered for part in parts), strict=True)]
    return HiddenRuns(
        Filtered(*filtered),
        joined([part.targets for part in parts]),
        joined([part.there for part in parts]),
        parts[0].known,
    )
