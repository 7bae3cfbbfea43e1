# SPDX-License-Identifier: Apache-2.0
"""What was found inside a model: figures only, made by the trainer, shown by reports.

Outputs are those the model is explained by: the change it predicts of one kind of signal (forward
models), or the effort (inverse ones), one per joint. *Spread* is the standard deviation of such an
output over the recording. The age of an input is how long before the newest one it came.
"""

from dataclasses import dataclass

from lstm_dynamics_ros.core.card import ModelCard
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Influence:
    """Exact derivatives of the outputs by every input of the recent past.

    D outputs, K + 1 ages in steps from 0 to K, F features.
    """

    jacobian: Array
    """RMS over moments of d output / d feature times the standard deviation of the feature, as a
    share of the spread of the output, shape (D, K + 1, F)."""
    moments: int
    """Moments of the recording that were looked at."""


@dataclass(frozen=True, kw_only=True)
class HistoryAblation:
    """How much the outputs change with a constant-velocity history older than an age."""

    ages: Array
    """Ages from which on the history is replaced [steps], rising, shape (n,)."""
    change: Array
    """RMS change of the outputs, as a share of their spread, shape (n, D)."""


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Integrated gradients: what each input contributes, against a robot at the training mean.

    RMS over moments, as a share of the spread of each output.
    """

    by_feature: Array
    """Contribution of each feature, all ages summed, shape (D, F)."""
    by_joint: Array
    """Contribution of all features of each joint together, shape (D, n_joints)."""
    by_age: Array
    """Contribution of each age, all features summed, shape (D, W)."""
    older: Array
    """What is added by everything older than that, shape (D,)."""
    total: Array
    """The output itself against that of the baseline, which all contributions together make,
    shape (D,)."""
    gap: float
    """Largest difference between the sum of the contributions and the change of the output, as a
    share of the largest change; 0 if complete."""
    moments: int
    """Moments of the recording that were looked at."""


@dataclass(frozen=True, kw_only=True)
class NodeActivity:
    """One recurrent node: a layer, or a member of an ensemble. H units."""

    name: str
    kind: str
    """``LSTM`` or ``GRU``."""
    gates: tuple[str, ...]
    """Names of the gates."""
    mean: Array
    """Mean openness of each gate of each unit, shape (gates, H)."""
    closed: Array
    """Share of time below 0.05, same shape."""
    opened: Array
    """Share of time above 0.95, same shape."""
    spread: Array
    """Standard deviation of each unit's output over time, shape (H,)."""
    gate_time: Array
    """Memory by the gate that keeps, ``-dt / ln(mean openness)`` [s], shape (H,)."""
    ages: Array
    """Ages of the following [steps], shape (n,)."""
    kept: Array
    """RMS of ``d c_i(t + k) / d c_i(t)`` (h of a GRU): what is left of a nudge of the unit's own
    memory, shape (n, H); nothing, n = 0, of a node too wide for it."""
    strongest: Array
    """Largest singular value of the derivative of the node's whole state after k steps by its
    state before: the memory that any nudge leaves at most, shape (n,)."""
    decay_time: Array
    """Time until ``kept`` has fallen to 1 / e for good [s]; infinite where it has not within the
    ages, shape (H,), or (0,) of a node too wide for it."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well a label can be read linearly from the hidden units, on data left out."""

    label: str
    r2: float
    """Share of its variance that all units explain."""
    baseline_r2: float
    """Share that the current inputs explain."""
    both_r2: float
    """Share that units and current inputs explain together; what is above that of the inputs is
    memory."""
    unit: str
    """Unit that follows it best, chosen by ``unit_r2``."""
    unit_r2: float
    """Share that this unit alone explains."""


@dataclass(frozen=True, kw_only=True)
class Contraction:
    """How fast copies of the model from random hidden states agree."""

    typical: Array
    """Median over copies of the difference of the outputs, relative to their range, (steps,)."""
    worst: Array
    """Largest difference over copies, shape (steps,)."""
    steps: int
    """Steps until all copies agree to 1 % for good [steps]; as many as were made if never."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that was found in one model on some recordings."""

    card: ModelCard
    sha256: str
    """Digest of the model file."""
    recordings: tuple[str, ...]
    rows: int
    """Rows of the recordings that the model was run over."""
    kind: str
    """Kind of signal of the outputs that are explained."""
    outside: dict[str, float]
    """Share of rows outside the training range, by feature, where there are any."""
    influence: Influence
    history: HistoryAblation
    attribution: Attribution
    nodes: tuple[NodeActivity, ...]
    """Recurrent nodes; none for a model without memory."""
    probes: tuple[Probe, ...]
    probed_by: str
    """What was left out in turn for the probes."""
    contraction: Contraction

    @property
    def joints(self) -> tuple[str, ...]:
        """Joint of each output."""
        return self.card.joint_names

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the features, in the order of their blocks."""
        return tuple(signal.kind for signal in self.card.features[:: self.card.n_joints])

    @property
    def ages(self) -> Array:
        """Ages of the inputs [s], shape (K + 1,)."""
        return np.asarray(
            self.card.dt * np.arange(self.influence.jacobian.shape[1], dtype=np.float64)
        )

    def blocks(self, values: Array) -> Array:
        """Return values per feature, shape (..., F), as (..., kinds, joints)."""
        return values.reshape(*values.shape[:-1], len(self.kinds), self.card.n_joints)
