# SPDX-License-Identifier: Apache-2.0
"""Feed-forward of an identified model and a disturbance observer, either or both."""

import math
from typing import final

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller
from lstm_dynamics_ros.control.disturbance_estimate import DisturbanceEstimate
from lstm_dynamics_ros.control.feedforward import largest_bandwidth
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter
from lstm_dynamics_ros.signals.low_pass import LowPass
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


@final
class Butterworth:
    """A Butterworth low-pass of second order, from the bilinear transform.

    Source: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, 3rd ed., 2010,
    section 7.2.2.

    Args:
        cutoff: Cut-off frequency [Hz], below half the sampling rate.
        period: Time between two samples [s].
        n: Number of values per sample.

    Raises:
        ConfigError: If the cut-off is out of range.
    """

    def __init__(self, cutoff: float, period: float, n: int) -> None:
        if not 0.0 < cutoff * period < 0.5:
            raise ConfigError(
                f'A low-pass needs a cut-off above 0 and below {0.5 / period:g} Hz, got {cutoff}.'
            )
        warped = math.tan(math.pi * cutoff * period)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped**2)
        self._gain = warped**2 * scale
        self._first = 2.0 * (warped**2 - 1.0) * scale
        self._second = (1.0 - math.sqrt(2.0) * warped + warped**2) * scale
        self.delay = math.sqrt(2.0) / (2.0 * math.pi * cutoff)
        """How much slow signals are delayed [s]."""
        self._state = np.zeros((2, n))

    def step(self, value: Vector) -> Vector:
        """Return the filtered value (n,); a new array."""
        state = self._state
        out: Vector = self._gain * value + state[0]
        state[0] = 2.0 * self._gain * value - self._first * out + state[1]
        state[1] = self._gain * value - self._second * out
        return out

    def reset(self) -> None:
        """Start from zero again."""
        self._state[:] = 0.0


@final
class PositionObserver:
    """The disturbance filter that our own controllers use, for the baselines.

    On a grid that is slower than the joint states, measured velocities carry folded noise that
    positions do not; whoever builds an observer from positions is smoother at equal speed.

    Args:
        context: What the controller is made for, with the nominal model as prior.
        bandwidth: Both poles [rad/s]; lowered to where 60 degrees of phase margin are left.
    """

    def __init__(self, context: ControlContext, bandwidth: float) -> None:
        if context.prior is None:
            raise ConfigError('An observer needs a rigid-body model as prior, got none.')
        most = largest_bandwidth(context.latency, context.period)
        self._filter = DisturbanceFilter(
            context.prior,
            period=context.period,
            bandwidth=min(bandwidth, most),
            continuous=[False] * len(context.joint_names),
        )

    def update(
        self, state: JointState, explained: Vector | None = None, *, frozen: bool = False
    ) -> Vector:
        """Take one measurement and return the estimate [N m] (n_joints,)."""
        effort = state.effort if explained is None else state.effort - explained
        return self._filter.update(state.position, effort, frozen=frozen)

    def reset(self) -> None:
        """Start from a zero estimate again."""
        self._filter.reset()


class FittedTorque:
    """Torque of the reference by an identified model, beyond that of the nominal model.

    Args:
        robot: Whose nominal model is known.
        model: What was identified.
        smoothing: Velocity over which the sign of the friction is smoothed [rad/s].
    """

    def __init__(self, robot: RobotDescription, model: IdentifiedModel, smoothing: float) -> None:
        if not smoothing > 0:
            raise ConfigError(f'The sign of the friction needs smoothing > 0, got {smoothing}.')
        self._model = model
        self._smoothing = smoothing
        self._empty = NominalModel(robot)
        mass, at = model.point()
        self._loaded = NominalModel(robot, point_mass=mass, at=at)
        self._known: dict[int, Vector] = {}

    def along(self, reference: Reference) -> Vector:
        """Return the torque at a point of the reference [N m] (n_joints,)."""
        known = self._known.pop(reference.stamp_ns, None)
        if known is not None:
            return known
        state = reference.position, reference.velocity, reference.acceleration
        torque = self._loaded.torque(*state) - self._empty.torque(*state)
        torque += self._model.friction(reference.velocity, self._smoothing)
        self._known[reference.stamp_ns] = torque
        return torque


@final
class ModelFeedforward(Controller):
    """Adds the torque that a model predicts for the reference, and what an observer finds left.

    Args:
        context: What the controller is made for, with the nominal model as prior.
        fitted: The model; None for the observer alone.
        bandwidth: Bandwidth of the observer [rad/s]; 0 for none.
        velocity_delay: Age of the measured velocity [s].
        low_pass: Filter of the estimate of the observer; None for none.
        position: Whether the observer is made from positions instead of velocities.
    """

    def __init__(
        self,
        context: ControlContext,
        *,
        fitted: FittedTorque | None = None,
        bandwidth: float = 0.0,
        velocity_delay: float = 0.0,
        low_pass: Butterworth | None = None,
        position: bool = False,
    ) -> None:
        if context.prior is None:
            raise ConfigError('An observer needs a rigid-body model as prior, got none.')
        n = len(context.joint_names)
        self._fitted = fitted
        self._low_pass = low_pass
        self._rest = np.zeros(n)
        self._observer: DisturbanceEstimate | PositionObserver | None = None
        if bandwidth > 0 and position:
            self._observer = PositionObserver(context, bandwidth)
        elif bandwidth > 0:
            self._observer = DisturbanceEstimate(
                context.prior,
                LowPass(n, bandwidth=bandwidth),
                period=context.period,
                velocity_delay=velocity_delay,
            )

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        ahead = now = None
        if self._fitted is not None:
            if given.reference is None or given.preview is None:
                return None
            now = self._fitted.along(given.reference)
            ahead = self._fitted.along(given.preview)
        torque = self._rest if ahead is None else ahead
        if self._observer is not None:
            left = self._observer.update(given.measured, now, frozen=given.frozen)
            torque = torque + (left if self._low_pass is None else self._low_pass.step(left))
        return torque

    def reset(self) -> None:
        """See the base class."""
        if self._observer is not None:
            self._observer.reset()
        if self._low_pass is not None:
            self._low_pass.reset()
