# SPDX-License-Identifier: Apache-2.0
"""Feed-forward of an identified model and a disturbance observer, either or both."""

from typing import final

from lstm_dynamics_bench.tracking.baselines.butterworth import Butterworth
from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_bench.tracking.baselines.position_observer import PositionObserver
from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller
from lstm_dynamics_ros.control.disturbance_estimate import DisturbanceEstimate
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.reference import Reference
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


class FittedTorque:
    """What an identified model says the reference takes beyond the nominal model.

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

    def along(self, told: Reference) -> Vector:
        """Return the torque at a point of the reference [N m] (n_joints,)."""
        known = self._known.pop(told.stamp_ns, None)
        if known is not None:
            return known
        state = told.position, told.velocity, told.acceleration
        torque = self._loaded.torque(*state) - self._empty.torque(*state)
        torque += self._model.friction(told.velocity, self._smoothing)
        self._known[told.stamp_ns] = torque
        return torque


@final
class ModelFeedforward(Controller):
    """Adds what a model says the reference takes, and what an observer finds left over.

    Args:
        context: What the controller is made for, with the nominal model as prior.
        fitted: The model; None for the observer alone.
        bandwidth: Bandwidth of the observer [rad/s]; 0 for none.
        velocity_delay: Age of the measured velocity [s].
        low_pass: Filter of what the observer says; None lets it through as it is.
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
                n,
                period=context.period,
                bandwidth=bandwidth,
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
