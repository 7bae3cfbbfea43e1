# SPDX-License-Identifier: Apache-2.0
"""How long the units of a recurrent node remember, and what their gates do.

Two definitions side by side. By the gate that keeps (forget gate of an LSTM, update gate of a GRU)
a unit alone forgets with ``tau = -dt / ln(mean openness)``. By the derivative of the state after k
steps by the state before, ``P(k) = J(t + k) ... J(t + 1)`` with J the Jacobian of one step, the
loop through all other units counts too: a nudge of the unit's own memory is left with
``|P_ii(k)|``, and of any nudge at most the largest singular value of P(k) is left.
"""

from lstm_dynamics_ros.learning.interpretation.explanation import Array, NodeActivity
from lstm_dynamics_ros.learning.interpretation.observed import NodeRecord
from lstm_dynamics_ros.learning.interpretation.onnx_recurrent import RecurrentNode
import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vmap

CLOSED, OPEN = 0.05, 0.95
"""A gate below or above is saturated."""

KEEPS = {'LSTM': 'forget', 'GRU': 'update'}
"""Gate that decides how much of the memory is kept."""

MOMENTS = 6
"""Moments at which memories are followed."""

WIDEST = 1024
"""Widest state whose derivatives are followed: the time for them grows with its third power."""

AGES = 40
"""Ages at which what is left is noted."""


def node_activity(node: RecurrentNode, record: NodeRecord, dt: float, steps: int) -> NodeActivity:
    """Return what the gates and units of a node did.

    Args:
        node: The node.
        record: What went on in it.
        dt: Step of the model [s].
        steps: Largest age that is looked at [steps]; at most the rows of the record.
    """
    gates = [record.gates[name] for name in node.gate_names]
    keeps = record.gates[KEEPS[node.kind]].mean((0, 1))
    ages, kept, strongest = followed(node, record, min(steps, len(record.inputs)))
    return NodeActivity(
        name=node.name.strip('/'),
        kind=node.kind,
        gates=node.gate_names,
        mean=np.array([gate.mean((0, 1)) for gate in gates]),
        closed=np.array([(gate < CLOSED).mean((0, 1)) for gate in gates]),
        opened=np.array([(gate > OPEN).mean((0, 1)) for gate in gates]),
        spread=record.hidden.std((0, 1)),
        gate_time=-dt / np.log(np.clip(keeps, 1e-12, 1 - 1e-12)),
        ages=ages,
        kept=kept,
        strongest=strongest,
        decay_time=np.array([decay_time(ages, one) * dt for one in kept.T if len(one)]),
    )


@torch.no_grad()
def followed(node: RecurrentNode, record: NodeRecord, steps: int) -> tuple[Array, Array, Array]:
    """Follow nudges of the state of a node through a recording.

    Returns:
        Ages [steps], shape (n,); RMS over moments of what is left of a nudge of each unit's own
        memory, shape (n, H); and of the largest singular value, shape (n,). Nothing, with n = 0,
        for a node that is too wide.
    """
    if node.state_size > WIDEST:
        return np.zeros(0), np.zeros((0, node.hidden_size)), np.zeros(0)
    dtype = node.dtype
    picked = np.unique(np.linspace(0, record.inputs.shape[1] - 1, MOMENTS).round().astype(int))
    inputs = torch.from_numpy(record.inputs[:steps, picked]).to(dtype)
    states = torch.from_numpy(record.before[:steps, picked]).to(dtype)

    def step(x: Tensor, state: Tensor) -> Tensor:
        return node.step(x, state)[0]

    jacobian = vmap(jacrev(step, argnums=1))
    ages = {0, *np.geomspace(1, steps, AGES).round().astype(int).tolist()}
    size = node.state_size
    product = torch.eye(size, dtype=dtype).expand(len(picked), size, size)
    memory = slice(size - node.hidden_size, size)  # c of an LSTM, h of a GRU
    kept, strongest = [], []
    for age in range(steps + 1):
        if age in ages:
            own = torch.diagonal(product, dim1=1, dim2=2)[:, memory]
            kept.append(own.square().mean(0).sqrt().double().numpy())
            largest = torch.linalg.matrix_norm(product, ord=2)
            strongest.append(float(largest.square().mean().sqrt()))
        if age < steps:
            product = jacobian(inputs[age], states[age]) @ product
    return np.array(sorted(ages), np.float64), np.array(kept), np.array(strongest)


def decay_time(ages: Array, left: Array) -> float:
    """Return the age at which something has fallen to 1 / e for good, between ages by logarithm.

    Args:
        ages: Rising ages from 0.
        left: What is left at each, 1 at first.

    Returns:
        The age, or infinity if it has not fallen so far at the last one.
    """
    above = np.flatnonzero(left > np.exp(-1.0))
    if not len(above):
        return 0.0
    last = int(above[-1])
    if last + 1 == len(left):
        return float('inf')
    high, low = np.log(left[last]), np.log(max(left[last + 1], 1e-300))
    share = (high + 1.0) / (high - low)
    return float(ages[last] + share * (ages[last + 1] - ages[last]))
