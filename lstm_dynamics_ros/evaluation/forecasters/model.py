# SPDX-License-Identifier: Apache-2.0
"""A forward model in free run from a hidden state that has seen the past."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.card import ModelCard, PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError, DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import (
    check_request,
    Forecaster,
    FORECASTERS,
    Forecasts,
    KNOWN_TORQUE,
    Starts,
)
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import roll
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

BATCH = 1024
"""Free runs made at once; bounds the memory."""


def observations(segment: Segment, card: ModelCard) -> NDArray[np.float32]:
    """Return the model's inputs for every row of a segment, shape (n, n_features).

    Raises:
        JointNamesError: If the segment has other joints, or another order, than the model.
        DataError: If it is on another time grid, or lacks a signal the model needs.
    """
    if segment.joint_names != card.joint_names:
        raise JointNamesError(card.joint_names, segment.joint_names)
    if abs(segment.dt - card.dt) > 1e-9:
        raise DataError(f'The model steps at {card.dt} s, {segment.name} at {segment.dt} s.')
    blocks = []
    for signal in card.features[:: card.n_joints]:
        if signal.kind == PRIOR_KIND:
            blocks.append(_prior_effort(segment, card))
            continue
        values = getattr(segment, signal.kind)
        if not np.isfinite(values).all(axis=1).any():
            raise DataError(f'The model needs {signal.kind}, which {segment.name} does not hold.')
        blocks.append(values)
    return np.hstack(blocks).astype(np.float32)


def _prior_effort(segment: Segment, card: ModelCard) -> Matrix:
    """Return the effort of the rigid-body prior of a card in a segment, shape (n, n_joints)."""
    prior = RigidBodyPrior.from_description(card.physics_prior or {}, card.joint_names)
    wraps = continuous_joints(card.joint_types)
    effort = PriorEffort(
        prior, window=card.prior_window, delay=card.prior_delay, dt=card.dt, continuous=wraps
    )
    return effort.run(segment.position, segment.velocity)


@FORECASTERS.register('model')
class ModelForecaster(Forecaster):
    """Runs through the segment once, teacher-forced, and free-runs from a copy at every start.

    Args:
        loaded: A forward model.
        name: Name in tables.

    Raises:
        ConfigError: If it is no forward model.
    """

    def __init__(self, loaded: LoadedModel, *, name: str = 'model') -> None:
        card = loaded.card
        if card.model_kind != 'forward':
            raise ConfigError(f'Only a forward model forecasts; {card.name} is {card.model_kind}.')
        self.loaded = loaded
        self.name = name
        self.kinds = tuple(
            k for k in ('position', 'velocity', 'effort') if card.columns(k, of='targets')
        )
        self.lookback_steps = card.washout_steps + 1
        if card.columns('effort') is None:
            self.effort_source = 'none'
        else:
            self.effort_source = 'predicted' if 'effort' in self.kinds else 'held'

    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        """See the base class."""
        check_request(segment, starts, horizons, mode, self.required_steps)
        obs = observations(segment, self.loaded.card)
        states = self._states(obs, starts)
        parts = []
        for first in range(0, len(starts), BATCH):
            rows = slice(first, first + BATCH)
            before = [part[:, rows] for part in states]
            parts.append(self._free_run(segment, obs, starts[rows], before, horizons, mode))
        runs = np.concatenate(parts).astype(np.float64)
        columns = {kind: self.loaded.card.columns(kind, of='targets') for kind in self.kinds}
        return {kind: runs[:, :, where] for kind, where in columns.items() if where is not None}

    def _states(self, obs: NDArray[np.float32], starts: Starts) -> list[NDArray[np.float32]]:
        """Return the hidden state before each start's own row, each (n_layers, n_starts, H)."""
        step = OnnxStep(self.loaded)
        kept = [np.empty((b.shape[0], len(starts), b.shape[2]), np.float32) for b in step.buffers]
        finite = np.asarray(np.isfinite(obs).all(axis=1))
        before = 0
        for number, start in enumerate(starts):
            for row in range(before, start):
                if finite[row]:
                    step.obs[0] = obs[row]
                    step.step()
                else:
                    step.reset()
            before = int(start)
            for part, buffer in zip(kept, step.buffers, strict=True):
                part[:, number] = buffer[:, 0]
        return kept

    def _free_run(
        self,
        segment: Segment,
        obs: NDArray[np.float32],
        starts: Starts,
        states: Sequence[NDArray[np.float32]],
        horizons: Sequence[int],
        mode: str,
    ) -> NDArray[np.float32]:
        """Return predictions at the horizons, shape (n_starts, n_horizons, n_targets)."""
        steps = max(horizons)
        step = OnnxStep(self.loaded, batch=len(starts))
        step.state = states
        step.obs[:] = obs[starts]
        known = mode == KNOWN_TORQUE and self.effort_source != 'none' and steps > 1
        if known:
            rows = starts[None, :] + np.arange(1, steps)[:, None]
            run = roll(step, steps, effort=segment.effort[rows])
        else:
            own = self.effort_source == 'predicted'
            run = roll(step, steps, effort='predicted' if own else 'hold')
        picked: NDArray[np.float32] = run[np.asarray(horizons) - 1]
        return picked.transpose(1, 0, 2)
