# SPDX-License-Identifier: Apache-2.0
"""Where the recurrent rest is not to be trusted: it fades, output by output.

::

    novelty_j = sum_f matter_jf outside_f / sqrt(sum_f (matter_jf std_f)^2)
    rest_j    = exp(-fade * novelty_j) rest_j

``outside`` is how far an input of the cell lies outside its range in the training data, and
``matter_jf`` how much a lasting shift of input ``f`` changes the rest of output ``j``. So novelty
says how much what was never seen may have changed the rest, relative to what usually changes it;
an input that never matters to an output does not fade it.
"""

import torch
from torch import nn, Tensor


class Fading(nn.Module):
    """Share of the rest of each output that is left.

    Args:
        n_inputs: Inputs I of the cell.
        n_outputs: Outputs D of the model.
    """

    low: Tensor
    high: Tensor
    std: Tensor
    slope: Tensor

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        self.register_buffer('low', torch.zeros(n_inputs))
        self.register_buffer('high', torch.zeros(n_inputs))
        self.register_buffer('std', torch.ones(n_inputs))
        self.register_buffer('slope', torch.zeros(n_outputs, n_inputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the share that is left, in (0, 1], shape (..., I) to (..., D)."""
        inside = torch.minimum(torch.maximum(inputs, self.low), self.high)
        return torch.exp(-((inputs - inside).abs() @ self.slope.t()))
