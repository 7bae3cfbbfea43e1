# SPDX-License-Identifier: Apache-2.0
"""The first half of a tick: from raw samples to trusted states on the model's time grid."""

from lstm_dynamics_ros.card import ModelCard
from lstm_dynamics_ros.grid import GridPoint, GridSampler
from lstm_dynamics_ros.intake import Intake
from lstm_dynamics_ros.pipeline_settings import message_names, PipelineSettings
from lstm_dynamics_ros.safety.plausibility import continuous_joints, JumpGuard, RateMonitor
from lstm_dynamics_ros.state import RawSample

_REASONS = {
    'wrong_length': 'Joint states come with arrays of the wrong length.',
    'duplicate_names': 'Joint states come with the same joint twice.',
    'position_not_finite': 'Joint states come without finite positions.',
    'velocity_missing': 'The model needs velocity, and joint states come without it. '
    'Use derive_velocity to compute it from positions.',
    'effort_missing': 'The model needs effort, and joint states come without it.',
}


class Inlet:
    """Takes in joint states of one robot: names, finite values, jumps, rate, time grid.

    Args:
        card: Card of the model.
        settings: How joint states are taken in.

    Raises:
        ConfigError: If the joint map does not fit the model.
        UnknownNameError: If the joint map names an unknown joint.
    """

    def __init__(self, card: ModelCard, settings: PipelineSettings) -> None:
        derive = settings.derive_velocity or card.velocity_source == 'derived'
        self._card = card
        self._intake = Intake(
            card.joint_names,
            need_velocity=card.columns('velocity') is not None and not derive,
            need_effort=card.columns('effort') is not None,
            rename=message_names(card, settings),
            max_partial_age=settings.max_gap_steps * card.dt,
        )
        self._guard = JumpGuard(
            card, settings.jump_factor, settings.jump_patience, settings.max_backward
        )
        self._rate = RateMonitor(card.dt, card.dt_tolerance)
        self._grid = GridSampler(
            card.dt,
            max_gap_steps=settings.max_gap_steps,
            continuous=continuous_joints(card),
            derive_velocity=derive,
            max_backward=settings.max_backward,
        )
        self._own = {'samples': 0}
        self._unused = 0

    def place(self, sample: RawSample) -> list[GridPoint]:
        """Return the grid points that a sample completes, oldest first."""
        self._own['samples'] += 1
        state = self._intake.accept(sample)
        self._unused = self._unused + 1 if state is None else 0
        if state is None:
            return []
        usable, jumped = self._guard.check(state)
        if not usable:
            return []
        if jumped:
            self._grid.reset()
        self._rate.push(state.stamp_ns)
        return self._grid.push(state)

    def reset(self) -> None:
        """Forget all messages; the next one starts the grid anew."""
        self._intake.reset()
        self._guard.reset()
        self._rate.reset()
        self._grid.reset()

    def waiting_for(self) -> str:
        """Return why samples cannot be used, for people; empty if they can."""
        if self._own['samples'] == 0:
            return 'No joint state has come yet.'
        never = self._intake.counters['accepted'] == 0
        if not never and self._unused <= 10 * self._card.n_joints:
            return ''
        if names := self._intake.explain_names():
            return str(names)
        return _REASONS.get(self._intake.last_drop, 'Waiting for the other joints.')

    def too_slow(self) -> str:
        """Return that messages come too slowly for the model, for people; empty if not."""
        period = self._rate.period
        if period is None or not self._rate.too_slow:
            return ''
        return (
            f'Joint states come every {period * 1e3:.3g} ms, but the model needs them every '
            f'{self._card.dt * 1e3:.3g} ms.'
        )

    @property
    def message_period(self) -> float | None:
        """Median time between two messages [s]; None before enough have come."""
        return self._rate.period

    @property
    def counters(self) -> dict[str, int]:
        """All counters since the start, by name."""
        parts = (self._intake.counters, self._guard.counters, self._grid.counters, self._own)
        return {name: count for part in parts for name, count in part.items()}
