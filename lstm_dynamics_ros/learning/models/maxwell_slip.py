# SPDX-License-Identifier: Apache-2.0
"""Friction with a memory: elastic elements that follow a joint and slip when strained too far.

An element of width ``w`` carries the force ``z`` between -1 and 1 of what makes it slip::

    z' = clip(z + (q' - q) / w, -1, 1)

After a reversal its force does not jump as Coulomb friction does, but turns over a displacement of
``2 w``. A few of them in parallel draw any hysteresis between force and displacement. Source:
F. Al-Bender, V. Lampaert, J. Swevers, "The generalized Maxwell-slip model: a novel model for
friction simulation and compensation", IEEE Trans. Automatic Control 50(11), 2005.
"""

from collections.abc import Sequence

import torch
from torch import nn, Tensor


class MaxwellSlip(nn.Module):
    """Elements of several widths for every joint.

    Args:
        n_joints: Number of joints.
        widths: Displacements over which the elements slip [rad] or [m], K of them, > 0.
    """

    rates: Tensor

    def __init__(self, n_joints: int, widths: Sequence[float]) -> None:
        super().__init__()
        self.n_joints = n_joints
        self.size = n_joints * len(widths)
        """Numbers that the elements remember, K * n_joints."""
        self.register_buffer('rates', 1 / torch.tensor(tuple(widths), dtype=torch.float32))

    def zero_state(self, batch: int) -> Tensor:
        """Return elements without strain, shape (N, K * n_joints)."""
        return torch.zeros(batch, self.size)

    def step(self, displacement: Tensor, state: Tensor) -> Tensor:
        """Return the elements after a step, as seen and as state, shape (N, K * n_joints).

        Args:
            displacement: How far the joints moved [rad] or [m], shape (N, n_joints).
            state: The elements before it.
        """
        strain = (displacement.unsqueeze(-2) * self.rates.unsqueeze(-1)).flatten(-2)
        return (state + strain).clamp(-1.0, 1.0)

    @torch.no_grad()
    def sequence(self, displacements: Tensor, state: Tensor) -> Tensor:
        """Return the elements after each step, shape (T, N, n_joints) to (T, N, K * n_joints).

        What they see is measured, so no gradient flows through them.
        """
        strains = (displacements.unsqueeze(-2) * self.rates.unsqueeze(-1)).flatten(-2)
        found = torch.empty_like(strains)
        for t, strain in enumerate(strains):
            state = (state + strain).clamp_(-1.0, 1.0)
            found[t] = state
        return found
