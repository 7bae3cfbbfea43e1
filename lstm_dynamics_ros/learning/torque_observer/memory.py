# SPDX-License-Identifier: Apache-2.0
"""What a torque observer remembers beside its cell, as one row of numbers and as parts."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class PassMemory(NamedTuple):
    """What one pass of the filter and its network for stillness remember, each with N rows."""

    mean: Tensor
    """Predicted state, normalised, shape (N, 3 n_joints)."""
    covariance: Tensor
    """Its covariance, shape (N, 3 n_joints, 3 n_joints)."""
    hidden: Tensor
    """Hidden state of the network for stillness, shape (N, H)."""


class Memory(NamedTuple):
    """What all passes remember, each part with N rows."""

    passes: tuple[PassMemory, ...]
    effort: Tensor
    """Last effort, shape (N, n_joints)."""

    def packed(self) -> Tensor:
        """Return all parts side by side, shape (N, E)."""
        parts = []
        for own in self.passes:
            parts += [own.mean, own.covariance.flatten(1), own.hidden]
        return torch.cat([*parts, self.effort], 1)


def memory_size(n_joints: int, hidden: Sequence[int]) -> int:
    """Return the length E of a packed memory, from the width H of each pass's network."""
    m = 3 * n_joints
    return sum(m + m * m + width for width in hidden) + n_joints


def unpacked(flat: Tensor, n_joints: int, hidden: Sequence[int]) -> Memory:
    """Return the parts of a packed memory, shape (N, E)."""
    m = 3 * n_joints
    passes, first = [], 0
    for width in hidden:
        ends = (first + m, first + m + m * m, first + m + m * m + width)
        passes.append(
            PassMemory(
                flat[:, first : ends[0]],
                flat[:, ends[0] : ends[1]].reshape(-1, m, m),
                flat[:, ends[1] : ends[2]],
            )
        )
        first = ends[2]
    return Memory(tuple(passes), flat[:, first:])
