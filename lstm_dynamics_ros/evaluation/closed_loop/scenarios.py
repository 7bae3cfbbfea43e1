# SPDX-License-Identifier: Apache-2.0
"""The situations a correction is judged in, and the one run each seed makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.sim.collection import HELD_OUT_SEEDS
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions import make_motion, Motion
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulate import CORRECTION_STEPS
from lstm_dynamics_ros.sim.wall import place_wall, Wall
import numpy as np

PERIOD = CORRECTION_STEPS * STEP
"""Time between two corrections [s]."""

SETTLE = 4.0
"""What happens before this time is not scored [s]: models warm up, trust rises, motions start."""

BEFORE_WALL = 3.5
"""Time before the wall may be met [s]."""

AFTER_WALL = 2.0
"""Time that must be left when the wall is met [s]."""

ATTEMPTS = 20
"""Motions that are tried until one touches a wall once."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is special about a situation; the defaults are those of ``clean``."""

    name: str
    motion: str = 'multi_sine'
    """Kind of motion."""
    speed: tuple[float, float] = (0.2, 1.0)
    """Range its speed is drawn from, 1 being the fastest."""
    velocity_share: float = 0.7
    """Share of the velocity limits that the fastest motion reaches."""
    payload: float | None = None
    """Payload as a share of the robot's largest one; None draws it for each seed."""
    later_payload: float | None = None
    """Payload from half time on, as such a share; None changes nothing."""
    hidden: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the robot's own hidden physics."""
    delay_cycles: int = 1
    """Control cycles from a measurement to the moment its correction acts."""
    wall: bool = False
    """Whether the tool runs into a wall once."""
    summarised: bool = True
    """Whether it counts for tuning and for the summary."""


_NOISY = {'encoder_bits': 14, 'encoder_noise': 1.0, 'velocity_cutoff': 40.0}

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name='clean'),
        Scenario(name='noisy', hidden=_NOISY),
        Scenario(name='delayed', delay_cycles=4),
        Scenario(name='slow', speed=(0.1, 0.1)),
        Scenario(name='fast', speed=(1.0, 1.0), velocity_share=0.75),
        Scenario(name='payload_change', payload=0.0, later_payload=2.5 / 3.0),
        Scenario(name='hysteresis', hidden={'maxwell_slip': True}),
        Scenario(name='point_to_point', motion='point_to_point'),
        Scenario(name='contact', speed=(0.25, 0.5), wall=True, summarised=False),
        Scenario(
            name='out_of_range',
            speed=(1.0, 1.0),
            velocity_share=0.8,
            payload=5.0 / 3.0,
            summarised=False,
        ),
    )
}
"""All scenarios, by name. The first eight make the summary."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run to be made: a scenario with everything random decided."""

    scenario: str
    seed: int
    robot: RobotDescription
    motion: Motion
    hidden: HiddenPhysics
    """Physics at the start."""
    later: HiddenPhysics | None
    """Physics from half time on; None if they stay."""
    wall: Wall | None
    delay_cycles: int

    @property
    def latency(self) -> float:
        """Time from a measurement to the moment its correction acts [s].

        The cycles of the scenario plus dead time and lag of the drive, as one would identify it
        from data. Every controller knows it.
        """
        return self.delay_cycles * PERIOD + self.hidden.delay + self.hidden.lag

    @property
    def velocity_delay(self) -> float:
        """Age of the measured velocity [s], from its filter. Every controller knows it."""
        return 1.0 / (2.0 * np.pi * self.hidden.velocity_cutoff)

    def physics_at(self, step: int) -> HiddenPhysics:
        """Return the physics that hold in a step of 1 ms."""
        changed = self.later is not None and step >= len(self.motion) // 2
        return self.later if changed and self.later is not None else self.hidden


def make_case(
    robot: RobotDescription,
    scenario: Scenario,
    seed: int,
    *,
    payload: float | None = None,
    duration: float = 10.0,
) -> Case:
    """Decide everything random in a scenario. The same seed gives the same run.

    Motions are drawn with seeds that no training plan draws.

    Args:
        robot: Which robot; with another base gain if so wanted.
        scenario: The situation.
        seed: What makes it random.
        payload: Mass of the payload [kg] in place of the scenario's.
        duration: How long the run takes [s].

    Raises:
        ConfigError: If the payload is negative, or no motion of the seed suits the wall.
    """
    if payload is not None and payload < 0.0:
        raise ConfigError(f'The payload must be >= 0 kg, got {payload}.')
    rng = np.random.default_rng([seed, crc32(scenario.name.encode())])
    largest = robot.payload.maximum
    drawn = largest * float(rng.uniform())
    speed = float(rng.uniform(*scenario.speed))
    if payload is None:
        payload = drawn if scenario.payload is None else scenario.payload * largest
    hidden = replace(robot.hidden, **{**scenario.hidden, 'payload': payload})
    later = None
    if scenario.later_payload is not None:
        later = replace(hidden, payload=scenario.later_payload * largest)
    motion, wall = _motion(robot, scenario, rng, speed, duration)
    return Case(
        scenario=scenario.name,
        seed=seed,
        robot=robot,
        motion=motion,
        hidden=hidden,
        later=later,
        wall=wall,
        delay_cycles=scenario.delay_cycles,
    )


def _motion(
    robot: RobotDescription,
    scenario: Scenario,
    rng: np.random.Generator,
    speed: float,
    duration: float,
) -> tuple[Motion, Wall | None]:
    """Draw a motion; with a wall, until one suits it."""
    problem: ConfigError | None = None
    for _ in range(ATTEMPTS):
        motion = make_motion(
            robot,
            scenario.motion,
            seed=HELD_OUT_SEEDS + int(rng.integers(HELD_OUT_SEEDS)),
            duration=duration,
            speed=speed,
            velocity_share=scenario.velocity_share,
        )
        if not scenario.wall:
            return motion, None
        try:
            path = NominalModel(robot).tool_path(motion.position)
            return motion, place_wall(
                path, not_before=BEFORE_WALL, not_after=duration - AFTER_WALL
            )
        except ConfigError as error:
            problem = error
    raise problem or ConfigError('No motion was tried.')
