# SPDX-License-Identifier: Apache-2.0
"""Runs of a torque observer with parts of the motion hidden, through its passes once and for all.

No pass depends on the recurrent correction, so their outputs of a run are computed once and kept;
training the correction is then running plain sequences through its cell.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.torque_observer.observer import Filtered, TorqueObserver
from lstm_dynamics_ros.learning.torque_observer.passes import PassInput, PassOutput
import torch
from torch import Tensor

MOST_RUNS = 1024
"""Runs of one kind that are kept, evenly spread over the data; bounds memory and time."""

_BATCH = 256


class Cut(NamedTuple):
    """Pieces of trajectories whose motion is known at first only, padded to one length."""

    rows: Tensor
    """Observations, one row more than there are steps, shape (T + 1, N, F)."""
    targets: Tensor
    """Targets of the same rows, shape (T + 1, N, D)."""
    there: Tensor
    """1 where the next row exists, shape (T, N, 1)."""
    known: int
    """Rows at the start whose motion is known."""

    @property
    def measured(self) -> Tensor:
        """1 where the motion is known, shape (T, N, 1)."""
        first = torch.arange(len(self.there)) < self.known
        return first.float().reshape(-1, 1, 1).expand_as(self.there)


class HiddenRuns(NamedTuple):
    """Runs of equal length whose motion is known at first only, time first."""

    filtered: Filtered
    """Output of the filter, each part of shape (T, N, ...)."""
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


def both_kinds(runs: Sequence[Trajectory], settings: TorqueObserverSettings) -> tuple[Cut, Cut]:
    """Return whole runs from one known row, and windows, of some data.

    Raises:
        TooShortError: If no trajectory is long enough for a window.
    """
    s = settings
    whole = cut_pieces(runs, known=1, steps=s.rollout_steps, stride=s.rollout_steps)
    steps, stride = s.burn_in_steps + s.window_steps - 1, max(1, 2 * s.window_steps // 3)
    windows = cut_pieces(runs, known=s.burn_in_steps, steps=steps, stride=stride)
    if whole is None or windows is None:
        longest = max(len(run.observations) for run in runs)
        raise TooShortError(longest * s.dt, (s.burn_in_steps + 1) * s.dt)
    return whole, windows


def cut_pieces(runs: Sequence[Trajectory], *, known: int, steps: int, stride: int) -> Cut | None:
    """Cut trajectories into pieces whose motion is known at first only.

    Args:
        runs: The data.
        known: Rows of a piece whose motion is known.
        steps: Predictions of a piece; trajectories that are shorter make shorter pieces.
        stride: Rows from the start of one piece to that of the next.

    Returns:
        The pieces; None if no trajectory has more rows than are known.
    """
    pieces = [
        (run, slice(start, start + steps + 1))
        for run in runs
        for start in range(0, max(1, len(run.observations) - steps), stride)
        if len(run.observations) - start > known
    ]
    if len(pieces) > MOST_RUNS:
        chosen = torch.linspace(0, len(pieces) - 1, MOST_RUNS).long().tolist()
        pieces = [pieces[k] for k in chosen]
    if not pieces:
        return None
    ends = torch.tensor([len(run.observations[part]) - 1 for run, part in pieces])
    length = int(ends.max())
    return Cut(
        torch.stack([_padded(run.observations[part], length + 1) for run, part in pieces], 1),
        torch.stack([_padded(run.targets[part], length + 1) for run, part in pieces], 1),
        (torch.arange(length)[:, None] < ends).float().unsqueeze(2),
        known,
    )


def hidden_runs(
    model: TorqueObserver, pieces: Cut, outputs: Sequence[PassOutput] | None = None
) -> HiddenRuns:
    """Return what a correction learns from pieces of trajectories.

    Args:
        model: An identified model.
        pieces: The pieces.
        outputs: Of each pass, from :func:`next_output`, if they are known already.
    """
    found = list(outputs or [])
    while len(found) < len(model.passes):
        found.append(next_output(model, pieces, found))
    motion, effort = pieces.rows.tensor_split([2 * model.n_joints], -1)
    return HiddenRuns(
        model.from_passes(found, effort[:-1]), motion[1:], pieces.there, pieces.known
    )


@torch.no_grad()
def next_output(model: TorqueObserver, pieces: Cut, outputs: Sequence[PassOutput]) -> PassOutput:
    """Return what a pass estimates over pieces, time first.

    Args:
        model: A model of which this pass is identified.
        pieces: The pieces.
        outputs: Of each of the passes before it.
    """
    model.eval()
    own = model.passes.each()[len(outputs)]
    effort = pieces.rows[:-1, :, 2 * model.n_joints :]
    given = PassInput(pieces.rows[:-1], torch.cat([effort[:1], effort[:-1]]), pieces.measured)
    for output in outputs:
        given = given.after(output)
    parts = []
    for some in torch.split(torch.arange(effort.shape[1]), _BATCH):
        _, memory = model.remembered(model.zero_state(len(some)))
        output, _ = own.sequence(
            given.pick(some),
            memory.passes[len(outputs)],
            torch.ones(len(some), 1, dtype=torch.bool),
        )
        parts.append(output)
    return PassOutput(*(torch.cat(same, 1) for same in zip(*parts, strict=True)))


def _padded(rows: Tensor, length: int) -> Tensor:
    return torch.cat([rows, rows[-1:].expand(length - len(rows), -1)])
