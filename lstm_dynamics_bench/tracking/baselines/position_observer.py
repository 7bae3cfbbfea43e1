# SPDX-License-Identifier: Apache-2.0
"""A disturbance observer that differentiates positions twice instead of velocities once."""

from typing import final

from lstm_dynamics_ros.control.base import ControlContext
from lstm_dynamics_ros.control.feedforward_dob import largest_bandwidth
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter


@final
class PositionObserver:
    """The same filter that our own controllers use, for opponents.

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
        """Forget everything."""
        self._filter.reset()
