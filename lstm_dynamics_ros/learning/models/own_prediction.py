# SPDX-License-Identifier: Apache-2.0
"""How a model tells its own prediction from a measurement.

**An observation whose motion equals the model's own last prediction to the last bit carries no
news.** Anything else is a measurement. The runtime feeds float32 predictions back as they are, so
in a free run all bits agree; that a measurement does, in position and velocity of all joints, has
no practical probability, and where it does it says what the model said already. The last
prediction is part of the state, so a model file needs no other input for it.
"""

import torch
from torch import Tensor


def news(observation: Tensor, told: Tensor) -> Tensor:
    """Return 1 where an observation differs from the last prediction in any bit, else 0, (N, 1).

    Args:
        observation: Shape (N, F); its first columns are the motion.
        told: From :func:`said`; zeros before anything was predicted.
    """
    motion = observation[:, : told.shape[1] - 1]
    differs = (motion != told[:, 1:]).to(told.dtype).amax(1, keepdim=True)
    return torch.maximum(differs, 1 - told[:, :1])


def said(prediction: Tensor) -> Tensor:
    """Return what a state keeps of a prediction: that there was one, and which, (N, 1 + D)."""
    return torch.cat([torch.ones_like(prediction[:, :1]), prediction], 1)
