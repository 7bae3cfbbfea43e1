# SPDX-License-Identifier: Apache-2.0
"""Joint states one after the other, kept as numbers: as objects they take five times as much."""

from array import array

from lstm_dynamics_ros.core.state import JointState, Matrix, Stamps
from lstm_dynamics_ros.data.recording import KINDS
import numpy as np


class StateRows:
    """Collects the joint states of one robot."""

    def __init__(self) -> None:
        self._stamps = array('q')
        self._values = bytearray()

    def __len__(self) -> int:
        return len(self._stamps)

    def append(self, state: JointState) -> None:
        """Take in a state."""
        self._stamps.append(state.stamp_ns)
        row = np.concatenate((state.position, state.velocity, state.effort), dtype=np.float64)
        self._values += row.tobytes()

    @property
    def stamp_ns(self) -> Stamps:
        """Their stamps [ns], shape (n_steps,)."""
        return np.array(self._stamps, np.int64)

    def signals(self) -> dict[str, Matrix]:
        """Return what was measured by kind, each of shape (n_steps, n_joints)."""
        rows = np.frombuffer(self._values).reshape(len(self), len(KINDS), -1)
        return {kind: rows[:, k].copy() for k, kind in enumerate(KINDS)}
