# SPDX-License-Identifier: Apache-2.0
"""The baselines, and the two bounds: no correction and the oracle."""

from typing import ClassVar

from lstm_dynamics_bench.tracking.baselines.integral_action import IntegralAction
from lstm_dynamics_bench.tracking.baselines.model_feedforward import (
    Butterworth,
    FittedTorque,
    ModelFeedforward,
)
from lstm_dynamics_bench.tracking.methods.base import (
    GivenModels,
    Method,
    METHODS,
    Prepared,
    Settings,
)
from lstm_dynamics_ros.control.disturbance_observer import (
    DisturbanceObserverConfig,
    LARGEST_PHASE,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    context_of,
    ControllerCorrector,
    Correction,
    Corrector,
    OPEN_GATE,
    open_gate,
)
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.sim.friction import friction_along
from lstm_dynamics_ros.sim.inner_law import ComputedTorqueLaw, GravityCompensation
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np

NONE = 'none'
"""Name of the robot on its own."""

ORACLE = 'oracle'
"""Name of the bound that roughness is measured by."""

OBSERVERS: tuple[Settings, ...] = tuple(
    {'cutoff': cutoff, 'bandwidth': bandwidth}
    for cutoff, bandwidths in (
        (0.0, (2.0, 5.0, 10.0, 20.0, 60.0)),
        (8.0, (5.0, 10.0, 60.0)),
        (3.0, (60.0,)),
    )
    for bandwidth in bandwidths
) + tuple({'position': 1.0, 'bandwidth': g} for g in (5.0, 10.0, 15.0, 20.0, 25.0, 60.0))
"""Cut-off of the output filter [Hz], 0 for none, and bandwidth of an observer [rad/s].

Past 30 rad/s, with a filter earlier, the phase margin decides: 60 takes all it allows. Those with
``position`` differentiate positions, as our own controllers do.
"""

SMOOTHINGS = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Velocities over which the sign of friction may be smoothed [rad/s]."""


def oracle_torque(case: Case) -> Matrix:
    """Return what the reference takes beyond the nominal model [N m] (n_steps, n_joints).

    The true payload at each time and friction along the reference; no ripple, no noise.
    """
    motion = case.motion
    nominal = NominalModel(case.robot).torques(
        motion.position, motion.velocity, motion.acceleration
    )
    loaded = np.empty_like(nominal)
    change = len(motion) // 2 if case.later is not None else len(motion)
    for rows, payload in (
        (slice(0, change), case.hidden.payload),
        (slice(change, None), case.physics_at(len(motion)).payload),
    ):
        loaded[rows] = NominalModel(case.robot, payload=payload).torques(
            motion.position[rows], motion.velocity[rows], motion.acceleration[rows]
        )
    return loaded - nominal + friction_along(case.robot, case.hidden, motion.velocity)


class OracleCorrector(Corrector):
    """The oracle through the gate, ahead by the latency."""

    def __init__(self, case: Case) -> None:
        self._torque = oracle_torque(case)
        self._ahead = round((case.latency + 0.5 * PERIOD) / STEP)  # held for one period
        self._gate = open_gate(case)

    def correct(self, measured: JointState, applied: Vector) -> Correction:
        """See the base class."""
        row = measured.stamp_ns // nanoseconds(STEP) + self._ahead
        torque = self._torque[min(row, len(self._torque) - 1)]
        out = self._gate.pass_through(torque, armed=True, measured=measured)
        return Correction(torque=np.zeros_like(applied) if out is None else out)


def observed(
    case: Case, settings: Settings, fitted: FittedTorque | None = None
) -> ControllerCorrector:
    """Return an observer for a case, with the feed-forward of a model if there is one.

    The bandwidth is lowered to where the loop keeps 60 degrees of phase margin. All its delays
    are known to it, so that one setting can serve every scenario.
    """
    context = context_of(case)
    cutoff = settings.get('cutoff', 0.0)
    low_pass = Butterworth(cutoff, PERIOD, len(context.joint_names)) if cutoff > 0 else None
    config = DisturbanceObserverConfig(velocity_delay=case.velocity_delay)
    delay = config.delay(context) + (low_pass.delay if low_pass else 0.0)
    bandwidth = settings.get('bandwidth', 0.0)
    if not settings.get('position'):  # which has a margin of its own
        bandwidth = min(bandwidth, LARGEST_PHASE / (config.inertia_ratio * delay))
    controller = ModelFeedforward(
        context,
        fitted=fitted,
        bandwidth=bandwidth,
        velocity_delay=case.velocity_delay,
        low_pass=low_pass,
        position=settings.get('position', 0.0) > 0,
    )
    return ControllerCorrector(case, controller)


@METHODS.register(NONE)
class NoCorrection(Method):
    """PD and rigid-body feed-forward of the reference: the robot as it comes."""

    title = 'rigid-body feed-forward'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        return Prepared()


@METHODS.register(ORACLE)
class Oracle(Method):
    """A feed-forward that knows payload and friction."""

    classical = False
    title = 'oracle feed-forward'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        return Prepared(corrector=OracleCorrector(case))


@METHODS.register('pd_gravity')
class PdGravityMethod(Method):
    """PD and gravity compensation at 1 kHz, in place of the robot's own controller."""

    replaces = True
    title = 'PD + gravity'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        return Prepared(law=GravityCompensation())


@METHODS.register('computed_torque')
class ComputedTorqueMethod(Method):
    """Computed torque at 1 kHz, in place of the robot's own controller.

    Its velocity loop has twice its bandwidth, and keeps the same phase margin as an observer.
    """

    replaces = True
    title = 'computed torque'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'bandwidth': w} for w in (10.0, 15.0, 20.0, 25.0, 30.0, 60.0)
    )

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        delay = case.hidden.delay + case.hidden.lag + case.velocity_delay + 0.5 * STEP
        return Prepared(
            law=ComputedTorqueLaw(min(settings['bandwidth'], 0.5 * LARGEST_PHASE / delay))
        )


@METHODS.register('integral_action')
class IntegralActionMethod(Method):
    """Integral action on the tracking error."""

    title = 'integral action'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'rate': rate} for rate in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    )

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        controller = IntegralAction(
            settings['rate'],
            stiffness=case.robot.stiffness,
            bound=OPEN_GATE.max_effort_fraction * case.robot.effort_limit,
            period=PERIOD,
        )
        return Prepared(corrector=ControllerCorrector(case, controller))


@METHODS.register('disturbance_observer')
class DisturbanceObserverMethod(Method):
    """The classical disturbance observer, with a filter behind it if that pays."""

    title = 'disturbance observer'
    grid: ClassVar[tuple[Settings, ...]] = OBSERVERS
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple(
        item for item in OBSERVERS if item['bandwidth'] in {5.0, 20.0, 60.0}
    )

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        return Prepared(corrector=observed(case, settings))


@METHODS.register('identified_model')
class IdentifiedModelMethod(Method):
    """Feed-forward of a fitted payload and fitted friction."""

    needs_identification = True
    title = 'identified model'
    grid: ClassVar[tuple[Settings, ...]] = tuple({'smoothing': v} for v in SMOOTHINGS)
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple({'smoothing': v} for v in (0.02, 0.05))

    def absent(self, given: GivenModels) -> str:
        """See the base class."""
        return '' if given.identified else 'nothing was identified'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:
        """See the base class."""
        if given.identified is None:
            raise ConfigError('The method identified_model needs an identification first.')
        fitted = FittedTorque(case.robot, given.identified, settings['smoothing'])
        return Prepared(corrector=observed(case, settings, fitted))


@METHODS.register('identified_model_dob')
class IdentifiedDisturbanceObserverMethod(IdentifiedModelMethod):
    """Feed-forward of what was fitted, with an observer for what it leaves."""

    title = 'identified model + observer'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'smoothing': smoothing, **item} for smoothing in (0.02, 0.05) for item in OBSERVERS
    )
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'smoothing': 0.05, **item} for item in OBSERVERS if item['bandwidth'] in {20.0, 60.0}
    )
