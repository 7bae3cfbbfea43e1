# SPDX-License-Identifier: Apache-2.0
"""Training windows for torch's DataLoader, in an order that depends on seed and epoch alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.windows import Windows
from lstm_dynamics_ros.learning.columns import needed, Trajectory
from lstm_dynamics_ros.learning.settings import TrainingSettings
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
    """Every training window over some segments; an item is a whole batch of them.

    Args:
        segments: From :func:`~lstm_dynamics_ros.learning.columns.usable`.
        settings: Says which signals are needed, and for how long.

    Raises:
        TooShortError: If no segment holds a window.
    """

    def __init__(self, segments: Sequence[Segment], settings: TrainingSettings) -> None:
        self._windows = Windows(segments, settings.sequence_steps, kinds=needed(settings))
        self._runs = torch.from_numpy(self._windows.index[:, 0].copy())
        n_joints = len(segments[0].joint_names)
        self._n_features = n_joints * len(settings.signals)
        first = 0 if settings.model_kind == 'forward' else self._n_features
        self._targets = slice(first, first + n_joints * len(settings.targets))

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, indices: list[int]) -> WindowBatch:
        """Return the windows with these numbers as one batch."""
        batch = torch.from_numpy(self._windows.gather(indices))
        observations = batch[..., : self._n_features]
        return WindowBatch(observations, batch[..., self._targets], self._runs[indices])


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
