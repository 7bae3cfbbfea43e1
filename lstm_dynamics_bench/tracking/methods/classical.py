# SPDX-License-Identifier: Apache-2.0
"""The opponents, and the two bounds: no correction and the oracle."""

from typing import ClassVar

from lstm_dynamics_bench.tracking.baselines.butterworth import Butterworth
from lstm_dynamics_bench.tracking.baselines.integral_action import IntegralAction
from lstm_dynamics_bench.tracking.baselines.model_feedforward import (
    FittedTorque,
    ModelFeedforward,
)
from lstm_dynamics_bench.tracking.methods.base import (
    Contestant,
    CONTESTANTS,
    Entry,
    Knowledge,
    Settings,
)
from lstm_dynamics_bench.tracking.methods.oracle import OracleCorrector
from lstm_dynamics_ros.control.disturbance_observer import (
    DisturbanceObserverConfig,
    LARGEST_PHASE,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    context_of,
    ControllerCorrector,
    OPEN_GATE,
)
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.sim.inner_law import ComputedTorque, GravityCompensation
from lstm_dynamics_ros.sim.mjcf import STEP

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


def observed(
    case: Case, settings: Settings, fitted: FittedTorque | None = None
) -> ControllerCorrector:
    """Return an observer for a case, with the feed-forward of a model if there is one.

    The bandwidth is lowered to where the loop keeps 60 degrees of phase margin. All its delays
    are told, so that one setting can serve every scenario.
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


@CONTESTANTS.register(NONE)
class NoCorrection(Contestant):
    """PD and rigid-body feed-forward of the reference: the robot as it comes."""

    title = 'rigid-body feed-forward'

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        return Entry()


@CONTESTANTS.register(ORACLE)
class Oracle(Contestant):
    """A feed-forward that knows payload and friction."""

    classical = False
    title = 'oracle feed-forward'

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        return Entry(corrector=OracleCorrector(case))


@CONTESTANTS.register('pd_gravity')
class PdGravity(Contestant):
    """PD and gravity compensation at 1 kHz, in place of the robot's own controller."""

    replaces = True
    title = 'PD + gravity'

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        return Entry(law=GravityCompensation())


@CONTESTANTS.register('computed_torque')
class ComputedTorqueContestant(Contestant):
    """Computed torque at 1 kHz, in place of the robot's own controller.

    Its velocity loop has twice its bandwidth, and keeps the same phase margin as an observer.
    """

    replaces = True
    title = 'computed torque'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'bandwidth': w} for w in (10.0, 15.0, 20.0, 25.0, 30.0, 60.0)
    )

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        delay = case.hidden.delay + case.hidden.lag + case.velocity_delay + 0.5 * STEP
        return Entry(law=ComputedTorque(min(settings['bandwidth'], 0.5 * LARGEST_PHASE / delay)))


@CONTESTANTS.register('integral_action')
class IntegralContestant(Contestant):
    """Integral action on the tracking error."""

    title = 'integral action'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'rate': rate} for rate in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
    )

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        controller = IntegralAction(
            settings['rate'],
            stiffness=case.robot.stiffness,
            bound=OPEN_GATE.max_effort_fraction * case.robot.effort_limit,
            period=PERIOD,
        )
        return Entry(corrector=ControllerCorrector(case, controller))


@CONTESTANTS.register('disturbance_observer')
class ObserverContestant(Contestant):
    """The classical disturbance observer, with a filter behind it if that pays."""

    title = 'disturbance observer'
    grid: ClassVar[tuple[Settings, ...]] = OBSERVERS
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple(
        item for item in OBSERVERS if item['bandwidth'] in {5.0, 20.0, 60.0}
    )

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:  # noqa: ARG002
        """See the base class."""
        return Entry(corrector=observed(case, settings))


@CONTESTANTS.register('identified_model')
class IdentifiedContestant(Contestant):
    """Feed-forward of a fitted payload and fitted friction."""

    needs_identification = True
    title = 'identified model'
    grid: ClassVar[tuple[Settings, ...]] = tuple({'smoothing': v} for v in SMOOTHINGS)
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple({'smoothing': v} for v in (0.02, 0.05))

    def absent(self, knowledge: Knowledge) -> str:
        """See the base class."""
        return '' if knowledge.identified else 'nothing was identified'

    def enter(self, case: Case, settings: Settings, knowledge: Knowledge) -> Entry:
        """See the base class."""
        if knowledge.identified is None:
            raise ConfigError('An identified model takes part only after an identification.')
        fitted = FittedTorque(case.robot, knowledge.identified, settings['smoothing'])
        return Entry(corrector=observed(case, settings, fitted))


@CONTESTANTS.register('identified_model_dob')
class IdentifiedObserverContestant(IdentifiedContestant):
    """Feed-forward of what was fitted, with an observer for what it leaves."""

    title = 'identified model + observer'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'smoothing': smoothing, **item} for smoothing in (0.02, 0.05) for item in OBSERVERS
    )
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'smoothing': 0.05, **item} for item in OBSERVERS if item['bandwidth'] in {20.0, 60.0}
    )
