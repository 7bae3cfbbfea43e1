# SPDX-License-Identifier: Apache-2.0
"""The classical disturbance observer with online adaptation to payload and friction."""

from functools import lru_cache
from importlib.util import find_spec
from typing import ClassVar

from lstm_dynamics_bench.tracking.methods.base import (
    GivenModels,
    Method,
    METHODS,
    Prepared,
    Settings,
)
from lstm_dynamics_ros.control.adaptation import AdaptationSettings
from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.control.disturbance_observer import (
    DisturbanceObserverConfig,
    LARGEST_PHASE,
)
from lstm_dynamics_ros.evaluation.closed_loop.corrector import context_of, ControllerCorrector
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
from lstm_dynamics_ros.sim.urdf import nominal_urdf


@METHODS.register('adaptive_observer')
class AdaptiveObserver(Method):
    """The observer, and payload and friction learned by recursive least squares."""

    classical = False
    title = 'observer + online adaptation'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'bandwidth': g, 'memory': memory} for g in (5.0, 10.0, 20.0) for memory in (1.0, 2.0, 4.0)
    )
    quick_grid: ClassVar[tuple[Settings, ...]] = ({'bandwidth': 10.0, 'memory': 2.0},)

    def absent(self, given: GivenModels) -> str:  # noqa: ARG002
        """See the base class."""
        return '' if find_spec('pinocchio') else 'pinocchio is not installed'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class. The bandwidth is lowered to what keeps 60 degrees of margin."""
        context = context_of(case, _prior(case.robot.name, case.robot.joint_names))
        config = DisturbanceObserverConfig(velocity_delay=case.velocity_delay)
        most = LARGEST_PHASE / (config.inertia_ratio * config.delay(context))
        config = DisturbanceObserverConfig(
            velocity_delay=case.velocity_delay,
            bandwidth=min(settings['bandwidth'], 0.999 * most),
            adaptation=AdaptationSettings(enabled=True, memory=settings['memory']),
        )
        return Prepared(corrector=ControllerCorrector(case, config.build(context)))


@lru_cache(maxsize=4)
def _prior(robot: str, joint_names: tuple[str, ...]) -> Prior:
    """Return the nominal model of an embedded robot; every process makes it once."""
    known: RobotDescription = load_robot(robot)
    return RigidBodyPrior(
        nominal_urdf(known), joint_names, armature=[joint.armature for joint in known.joints]
    )
