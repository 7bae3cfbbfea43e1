# SPDX-License-Identifier: Apache-2.0
"""What a torque observer remembers beside its cell, as one row of numbers and as parts."""

from typing import NamedTuple

import torch
from torch import Tensor


class Memory(NamedTuple):
    """What the filter and the network for stillness remember, each with N rows."""

    mean: Tensor
    """Predicted state, normalised, shape (N, 3 n_joints)."""
    covariance: Tensor
    """Its covariance, shape (N, 3 n_joints, 3 n_joints)."""
    hidden: Tensor
    """Hidden state of the network for stillness, shape (N, H)."""
    effort: Tensor
    """Last effort, shape (N, n_joints)."""

    def packed(self) -> Tensor:
        """Return all parts side by side, shape (N, E)."""
        return torch.cat([self.mean, self.covariance.flatten(1), self.hidden, self.effort], 1)


def memory_size(n_joints: int, hidden: int) -> int:
    """Return the length E of a packed memory."""
    m = 3 * n_joints
    return m + m * m + hidden + n_joints


def unpacked(flat: Tensor, n_joints: int, hidden: int) -> Memory:
    """Return the parts of a packed memory, shape (N, E)."""
    m = 3 * n_joints
    ends = (m, m + m * m, m + m * m + hidden)
    return Memory(
        flat[:, : ends[0]],
        flat[:, ends[0] : ends[1]].reshape(-1, m, m),
        flat[:, ends[1] : ends[2]],
        flat[:, ends[2] :],
    )
