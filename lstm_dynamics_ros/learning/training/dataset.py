# SPDX-License-Identifier: Apache-2.0
"""Training windows for torch's DataLoader, in an order that depends on seed and epoch alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.settings import TrainingSettings
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler


class WindowBatch(NamedTuple):
    """A batch of windows, time first as the recurrent kernels want it."""

    observations: Tensor
    """Features, shape (T, N, F)."""
    targets: Tensor
    """Targets at the same times, shape (T, N, D)."""
    runs: Tensor
    """Number of the trajectory each window is from, shape (N,)."""


class WindowDataset(Dataset[WindowBatch]):
    """Every training window over some trajectories; an item is a whole batch of them.

    Args:
        runs: From :func:`~lstm_dynamics_ros.learning.columns.columns`; windows are cut from them
            when they are asked for.
        settings: Says how long windows are.

    Raises:
        TooShortError: If no trajectory holds a window.
    """

    def __init__(self, runs: Sequence[Trajectory], settings: TrainingSettings) -> None:
        self._runs, self._steps = runs, settings.sequence_steps
        lengths = np.array([len(run.observations) for run in runs])
        self._windows = np.maximum(lengths - self._steps + 1, 0)
        self._ends = np.cumsum(self._windows)
        if not self._windows.any():
            raise TooShortError(lengths.max() * settings.dt, self._steps * settings.dt)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, indices: list[int]) -> WindowBatch:
        """Return the windows with these numbers as one batch."""
        which = np.searchsorted(self._ends, indices, side='right')
        starts = np.array(indices) - (self._ends - self._windows)[which]
        return cut(self._runs, which.tolist(), starts.tolist(), self._steps)


def cut(
    runs: Sequence[Trajectory], run_indices: Sequence[int], starts: Sequence[int], steps: int
) -> WindowBatch:
    """Return the windows of a length that start at given steps of given trajectories."""
    parts = [(runs[i], slice(s, s + steps)) for i, s in zip(run_indices, starts, strict=True)]
    return WindowBatch(
        torch.stack([run.observations[where] for run, where in parts], 1),
        torch.stack([run.targets[where] for run, where in parts], 1),
        torch.tensor(run_indices),
    )


class EpochSampler(Sampler[list[int]]):
    """Batches of random window numbers, the same for the same seed and epoch.

    Args:
        size: Number of windows to draw from.
        batch_size: Windows per batch.
        batches: Batches per epoch.
        seed: Seed of all epochs.
    """

    def __init__(self, size: int, batch_size: int, batches: int, seed: int) -> None:
        self._size, self._batch_size, self._batches = size, batch_size, batches
        self._seed = seed
        self.epoch = 0
        """Epoch that the next iteration is for."""

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[list[int]]:
        generator = epoch_generator(self._seed, self.epoch, stream=0)
        for _ in range(self._batches):
            draw = torch.randint(self._size, (self._batch_size,), generator=generator)
            yield draw.tolist()


def epoch_generator(seed: int, epoch: int, *, stream: int) -> torch.Generator:
    """Return a generator of random numbers of its own for one purpose in one epoch.

    Nothing random outlives an epoch, so a training that is resumed draws the same numbers.
    """
    generator = torch.Generator()
    generator.manual_seed(((seed * 1_000_003 + epoch) * 7 + stream) % 2**63)
    return generator


def loader(dataset: WindowDataset, sampler: EpochSampler) -> 'DataLoader[WindowBatch]':
    """Return torch's loader over the batches of a sampler."""
    return DataLoader(dataset, sampler=sampler, batch_size=None)
