# SPDX-License-Identifier: Apache-2.0
"""What the correction would have done, scored before anyone lets it act."""

from collections import deque
from collections.abc import Sequence
import math
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


class ShadowScore:
    """How much of the disturbance the correction explains, over a window that forgets.

    The correction is computed one latency before it would act, and is compared with the
    disturbance at that time: with d the torque the drive spends beyond the nominal model and c
    the correction,

        explained = 1 - mean((d - c)^2) / mean(d^2)

    1 is perfect, 0 is as good as no correction, below 0 is worse than none. Means, not variances:
    a constant disturbance is worth correcting too. This is an open-loop figure: the disturbance
    is that of the motion without the correction.

    Args:
        n_joints: Number of joints.
        period: Time between two steps [s].
        latency_steps: Steps from computing a correction to the moment it would act.
        window: Time constant of forgetting [s].
        weights: What one unit of torque counts in :attr:`overall`, shape (n_joints,), such as
            one over the effort limits; all the same if left out.

    Raises:
        ConfigError: If a time is not positive or a number of steps negative.
    """

    def __init__(
        self,
        n_joints: int,
        period: float,
        *,
        latency_steps: int = 0,
        window: float = 10.0,
        weights: Sequence[float] | Vector | None = None,
    ) -> None:
        if not (period > 0 and window > 0 and latency_steps >= 0):
            raise ConfigError(
                'The shadow score needs a period > 0 s, a window > 0 s and latency_steps >= 0, '
                f'got {period}, {window} and {latency_steps}.'
            )
        self._shape = (n_joints,)
        self._period = period
        self._keep = math.exp(-period / window)
        self.weights = np.ones(n_joints) if weights is None else weights
        self._waiting: deque[Vector | None] = deque(maxlen=latency_steps + 1)
        self.reset()

    @property
    def weights(self) -> Vector:
        """What one unit of torque counts in :attr:`overall`, shape (n_joints,)."""
        return self._weights

    @weights.setter
    def weights(self, weights: Sequence[float] | Vector) -> None:
        self._weights = np.array(weights, np.float64)
        self._squares = np.square(self._weights)

    def reset(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._left, self._whole = np.zeros(self._shape), np.zeros(self._shape)
        self._mass = 0.0
        self.time = 0.0
        """Time that was scored [s]."""

    def interrupt(self) -> None:
        """Drop the corrections that have not acted yet, after a gap in the data."""
        self._waiting.clear()

    def update(self, disturbance: Vector, correction: Vector | None) -> None:
        """Take in one step.

        Args:
            disturbance: Measured effort minus the nominal model now [N m] or [N], shape
                (n_joints,); with a NaN in it the step is not scored.
            correction: Correction computed now, as it would leave the controller [N m] or [N],
                shape (n_joints,); None or NaN if there is none.

        Raises:
            ShapeError: If an array does not fit the robot.
        """
        for what, array in (('Disturbance', disturbance), ('Correction', correction)):
            if array is not None and array.shape != self._shape:
                raise ShapeError(what, self._shape, array.shape)
        self._waiting.append(None if correction is None else correction.copy())
        acting = self._waiting[0] if len(self._waiting) == self._waiting.maxlen else None
        if acting is None:
            return
        left = disturbance - acting
        if not np.isfinite(left).all():
            return
        self._left *= self._keep
        self._left += left * left
        self._whole *= self._keep
        self._whole += disturbance * disturbance
        self._mass = self._mass * self._keep + 1.0
        self.time += self._period

    @property
    def disturbance_rms(self) -> Vector:
        """RMS of the disturbance [N m] or [N], shape (n_joints,); NaN before the first step."""
        return np.sqrt(self._whole / (self._mass or math.nan))

    @property
    def left_rms(self) -> Vector:
        """RMS of what the correction leaves [N m] or [N], shape (n_joints,)."""
        return np.sqrt(self._left / (self._mass or math.nan))

    @property
    def explained(self) -> Vector:
        """Explained share per joint, shape (n_joints,); NaN where there was no disturbance."""
        return 1.0 - self._left / np.where(self._whole > 0.0, self._whole, math.nan)

    @property
    def overall(self) -> float:
        """Explained share of all joints together; NaN where there was no disturbance."""
        whole = float(self._squares @ self._whole)
        return 1.0 - float(self._squares @ self._left) / whole if whole > 0.0 else math.nan

    def as_dict(self, joint_names: Sequence[str]) -> dict[str, Any]:
        """Return the score for publication as JSON; None where there is no number.

        Args:
            joint_names: Names of the joints, in the order of the arrays.
        """

        def by_joint(values: Vector) -> dict[str, float | None]:
            return {
                name: _finite(float(value))
                for name, value in zip(joint_names, values, strict=True)
            }

        return {
            'time': self.time,
            'overall': _finite(self.overall),
            'explained': by_joint(self.explained),
            'disturbance_rms': by_joint(self.disturbance_rms),
            'left_rms': by_joint(self.left_rms),
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
