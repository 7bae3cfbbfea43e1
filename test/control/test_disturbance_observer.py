# SPDX-License-Identifier: Apache-2.0
"""Tests for control/disturbance_observer.py; the estimate itself has its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lstm_dynamics_ros.control.adaptation import AdaptationSettings
from lstm_dynamics_ros.control.base import ControlContext, ControlInput, NoneConfig, Prior
from lstm_dynamics_ros.control.disturbance_observer import DisturbanceObserverConfig
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Vector
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest


class Mass:
    """One mass of 2 kg m^2."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return 2.0 * acceleration


def context(latency: float = 0.005, prior: Prior | None = None) -> ControlContext:
    return ControlContext(
        joint_names=('a',), period=0.005, latency=latency, effort_limits=(5.0,), prior=prior
    )


def given(k: int, effort: float, *, frozen: bool = False) -> ControlInput:
    zero = np.zeros(1)
    state = JointState(5_000_000 * k, zero, zero, np.array([effort]))
    return ControlInput(measured=state, reference=None, preview=None, applied=zero, frozen=frozen)


def pushed(config: DisturbanceObserverConfig, freezes: Sequence[int] = ()) -> list[float]:
    """Return what the observer adds while the drive holds 3 N m at rest."""
    observer = config.build(context(prior=Mass()))
    steps = range(200)
    return [float(observer.torque(given(k, 3.0, frozen=k in freezes))[0]) for k in steps]


def test_it_adds_the_measured_effort_beyond_the_model() -> None:
    assert pushed(DisturbanceObserverConfig(bandwidth=20.0))[-1] == pytest.approx(3.0, rel=1e-6)


def test_frozen_it_bleeds_slowly() -> None:
    torque = pushed(DisturbanceObserverConfig(bleed=0.5), freezes=range(150, 200))
    assert torque[-1] == pytest.approx(torque[149] * np.exp(-0.5 * 0.25), rel=1e-9)


def test_a_bandwidth_beyond_the_phase_margin_is_refused() -> None:
    config = DisturbanceObserverConfig(bandwidth=50.0)
    with pytest.raises(ConfigError, match=r'with 12\.0 ms around the loop: at most 43\.3 rad/s'):
        config.build(context(prior=Mass()))


def test_a_heavier_model_than_robot_allows_less() -> None:
    DisturbanceObserverConfig(bandwidth=40.0).build(context(prior=Mass()))
    with pytest.raises(ConfigError, match=r'at most 21\.7 rad/s'):
        DisturbanceObserverConfig(bandwidth=40.0, inertia_ratio=2.0).build(context(prior=Mass()))


def test_smoothing_counts_as_delay() -> None:
    config = DisturbanceObserverConfig(bandwidth=40.0, smoothing=0.01)
    with pytest.raises(ConfigError, match=r'with 22\.0 ms around the loop: at most 23\.6 rad/s'):
        config.build(context(prior=Mass()))


def test_too_much_lead_is_refused() -> None:
    config = DisturbanceObserverConfig(bandwidth=20.0, lead=0.03)
    with pytest.raises(ConfigError, match=r'bandwidth \* lead must be <= 0\.5, got 20 rad/s'):
        config.build(context(prior=Mass()))


def test_a_low_margin_may_be_accepted() -> None:
    DisturbanceObserverConfig(bandwidth=80.0, allow_low_margin=True).build(context(prior=Mass()))


def test_without_a_rigid_body_model_it_is_refused() -> None:
    with pytest.raises(ConfigError, match='needs a rigid-body model'):
        DisturbanceObserverConfig().build(context())


def test_the_bandwidth_may_change_while_it_runs() -> None:
    observer = DisturbanceObserverConfig(bandwidth=5.0).build(context(prior=Mass()))
    for k in range(100):
        before = observer.torque(given(k, 3.0))
    observer.reconfigure(DisturbanceObserverConfig(bandwidth=40.0))
    after = observer.torque(given(100, 3.0))
    assert 3.0 - after[0] == pytest.approx((3.0 - before[0]) * np.exp(-0.2), rel=1e-9)


def test_a_change_beyond_the_phase_margin_is_refused_and_changes_nothing() -> None:
    observer = DisturbanceObserverConfig(bandwidth=5.0).build(context(prior=Mass()))
    with pytest.raises(ConfigError, match='phase margin'):
        observer.reconfigure(DisturbanceObserverConfig(bandwidth=90.0))
    assert observer.estimate.low_pass.bandwidth == 5.0


def test_settings_of_another_controller_are_refused() -> None:
    observer = DisturbanceObserverConfig().build(context(prior=Mass()))
    with pytest.raises(ConfigError, match='Expected DisturbanceObserverConfig, got NoneConfig'):
        observer.reconfigure(NoneConfig())


class Lifted(Mass):
    """The mass of 2 kg m^2, that may carry a payload on an arm of 1 m."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return 2.0 * acceleration

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:  # noqa: ARG002
        """See the protocol."""
        return np.array([[9.81 * np.cos(position[0]) + acceleration[0], 0.0, 0.0, 0.0]])


def test_with_adaptation_a_payload_goes_ahead_along_the_reference() -> None:
    hidden, prior, latency = 1.5, Lifted(), 0.01

    def reference_at(t: float) -> Reference:
        phase = 2.0 * t
        return Reference(
            round(1e9 * t),
            *(np.array([x]) for x in (np.sin(phase), 2 * np.cos(phase), -4 * np.sin(phase))),
        )

    def needed(reference: Reference) -> float:
        return float(hidden * prior.payload_torque(*reference[1:])[0, 0])

    settings = AdaptationSettings(enabled=True, friction=False, leak=1e-3)
    errors = {}
    for adaptation in (settings, AdaptationSettings()):
        config = DisturbanceObserverConfig(
            bandwidth=5.0, velocity_delay=0.0, adaptation=adaptation
        )
        observer = config.build(context(latency, prior))
        for k in range(2000):
            now, later = reference_at(0.005 * k), reference_at(0.005 * k + latency)
            effort = prior.torque(*now[1:]) + needed(now)
            got = observer.torque(
                ControlInput(
                    measured=JointState(now.stamp_ns, now.position, now.velocity, effort),
                    reference=now,
                    preview=later,
                    applied=np.zeros(1),
                )
            )
            errors[adaptation.enabled] = abs(got[0] - needed(later))
    assert errors[True] < 0.05
    assert errors[True] < 0.02 * errors[False]


def test_with_adaptation_and_no_reference_the_weight_is_still_carried() -> None:
    config = DisturbanceObserverConfig(adaptation=AdaptationSettings(enabled=True))
    observer = config.build(context(prior=Lifted()))
    for k in range(400):
        torque = observer.torque(given(k, 3.0))
    assert torque[0] == pytest.approx(3.0, rel=1e-3)


LEARNED = DisturbanceObserverConfig(mode='learned', bandwidth=20.0)


def test_in_the_learned_mode_the_motion_is_the_models(load: Callable[..., LoadedModel]) -> None:
    card = load(n_joints=1).card
    observer = LEARNED.build(replace(context(prior=Mass()), card=card))
    # the model says the mass of 2 kg m^2 gains 0.5 rad/s^2 under 3 N m; measured is nothing of it
    for k in range(400):
        ahead = JointState(5_000_000 * (k + 1), *(np.array([x]) for x in (0.0, 0.0025 * k, 0.0)))
        torque = observer.torque(replace(given(k, 3.0), predicted=ahead))
    assert torque[0] == pytest.approx(2.0, rel=1e-6)


def test_the_learned_mode_without_a_forward_model_is_refused() -> None:
    with pytest.raises(ConfigError, match='A learned disturbance_observer needs a forward model'):
        LEARNED.build(context(prior=Mass()))


def test_a_model_that_looks_ahead_allows_more() -> None:
    classical, here = replace(LEARNED, mode='classical'), context()
    assert classical.delay(here) - LEARNED.delay(here) == pytest.approx(0.5 * here.period)
