# SPDX-License-Identifier: Apache-2.0
"""Cancels whatever torque the rigid-body model does not explain, after the fact."""

from dataclasses import dataclass, field
from typing import ClassVar, final

from lstm_dynamics_ros.control.adaptation import AdaptationSettings
from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    needs_forward,
    Prior,
    required_prior,
    settings_as,
)
from lstm_dynamics_ros.control.disturbance_estimate import (
    Disturbance,
    DisturbanceEstimate,
    ModelDisturbance,
    VELOCITY_DELAY,
)
from lstm_dynamics_ros.control.margin import (
    bandwidth_setting,
    bleed_setting,
    check_bandwidth,
    inertia_ratio_setting,
    low_margin_setting,
    smoothing_setting,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass
import numpy as np

LARGEST_PHASE = 0.52
"""Largest ``inertia_ratio * bandwidth * delay`` [rad] that leaves 60 degrees of phase margin.

The loop is an integrator of gain ``inertia_ratio * bandwidth`` with dead time: its margin is
``pi/2 - inertia_ratio * bandwidth * delay``, and it oscillates where that is zero.
"""

LARGEST_GAIN = 0.5
"""Largest ``bandwidth * lead``: the gain with which a fast change of effort returns as effort."""


@CONTROLLERS.register('disturbance_observer')
@dataclass(frozen=True, kw_only=True)
class DisturbanceObserverConfig(ControllerConfig):
    """What the observer observes with, and how fast it follows."""

    mode: str = parameter(
        'classical',
        'Where velocity and acceleration come from: measured velocities, or a forward model.',
        choices=('classical', 'learned'),
    )
    bandwidth: float = bandwidth_setting(20.0, 'the estimate follows')
    velocity_delay: float = parameter(
        VELOCITY_DELAY,
        'Age of the measured velocity against position and effort, from its filter.',
        unit='s',
        minimum=0.0,
        maximum=0.1,
    )
    smoothing: float = smoothing_setting(0.0)
    lead: float = parameter(
        0.0,
        'How much younger than the motion the effort is taken; more reacts earlier. Classical '
        'only.',
        unit='s',
        minimum=0.0,
        maximum=0.1,
    )
    bleed: float = bleed_setting('the estimate')
    inertia_ratio: float = inertia_ratio_setting()
    allow_low_margin: bool = low_margin_setting('settings that leave')
    adaptation: AdaptationSettings = field(default_factory=AdaptationSettings)

    def build(self, context: ControlContext) -> 'DisturbanceObserver':
        """See the base class."""
        return DisturbanceObserver(self, context)

    def delay(self, context: ControlContext) -> float:
        """Return the delay around the loop [s].

        From a measurement to the moment its correction acts, half a period that the correction is
        held, half a period that the velocity difference looks back, and the two filters. A forward
        model looks ahead instead; the half period it gains is not counted on.
        """
        periods = 1.0 if self.mode == 'classical' else 0.5
        delay = context.latency + periods * context.period
        return delay + self.velocity_delay + self.smoothing

    def check(self, context: ControlContext) -> None:
        """Refuse settings that leave too little margin.

        Raises:
            ConfigError: If they do, and ``allow_low_margin`` is not set.
        """
        if self.allow_low_margin:
            return
        if self.bandwidth * self.lead > LARGEST_GAIN:
            raise ConfigError(
                f'bandwidth * lead must be <= {LARGEST_GAIN}, got {self.bandwidth:g} rad/s * '
                f'{self.lead:g} s. Lower one of them, or set allow_low_margin.'
            )
        delay = self.delay(context)
        check_bandwidth(self.bandwidth, LARGEST_PHASE / (self.inertia_ratio * delay), delay)


@final
class DisturbanceObserver(Controller):
    """Adds the measured effort that the rigid-body model does not explain.

    With adaptation, a payload and friction learned on the way go ahead along the reference, and
    the observer only sees to what they leave.

    In the mode ``learned`` the rigid-body model stays; only the motion it is asked about comes
    from a forward model, see :class:`ModelDisturbance`.
    """

    name: ClassVar[str] = 'disturbance_observer'
    needs_reference: ClassVar[bool] = False

    def __init__(self, config: DisturbanceObserverConfig, context: ControlContext) -> None:
        prior = required_prior('disturbance_observer', context)
        config.check(context)
        self._context = context
        self.estimate = _estimate(config, context, prior)
        """What it knows of the disturbance."""
        self.adaptation = config.adaptation.build(context)
        """What it learns while running; None if it does not."""
        self._rest = np.zeros(len(context.joint_names))

    def torque(self, given: ControlInput) -> Vector:
        """See the base class."""
        estimate, adaptation, measured = self.estimate, self.adaptation, given.measured
        if adaptation is None:
            return self._follow(given, None)
        here = Reference(measured.stamp_ns, measured.position, self._rest, self._rest)
        reference = given.reference or here
        value = self._follow(given, adaptation.explain(reference))
        if estimate.fresh:
            adaptation.learn(estimate.raw, frozen=given.frozen)
        return value + adaptation.torque(given.preview or reference)

    def _follow(self, given: ControlInput, explained: Vector | None) -> Vector:
        """Return the estimate after one more measurement."""
        return self.estimate.update(
            given.measured, explained, predicted=given.predicted, frozen=given.frozen
        )

    def reset(self) -> None:
        """See the base class."""
        self.estimate.reset()
        if self.adaptation is not None:
            self.adaptation.reset()

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(DisturbanceObserverConfig, config)
        own.check(self._context)
        low_pass = self.estimate.low_pass
        low_pass.bandwidth = own.bandwidth
        low_pass.smoothing = own.smoothing
        low_pass.bleed = own.bleed


def _estimate(
    config: DisturbanceObserverConfig, context: ControlContext, prior: Prior
) -> Disturbance:
    """Return what observes, as the settings say."""
    low_pass = LowPass(
        len(context.joint_names),
        bandwidth=config.bandwidth,
        smoothing=config.smoothing,
        bleed=config.bleed,
    )
    if config.mode == 'learned':
        needs_forward('A learned disturbance_observer', context)
        return ModelDisturbance(prior, low_pass, period=context.period)
    return DisturbanceEstimate(
        prior,
        low_pass,
        period=context.period,
        velocity_delay=config.velocity_delay,
        lead=config.lead,
    )
