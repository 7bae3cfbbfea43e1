# SPDX-License-Identifier: Apache-2.0
"""What a model says, as joint states: the prediction, the horizon, and how wrong they were."""

from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.pipeline.model_inputs import MotionInput
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.tick import Trajectory
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.plausibility import continuous_joints
from lstm_dynamics_ros.signals.angles import short_way
from lstm_dynamics_ros.signals.time_grid import GridPoint, nanoseconds
import numpy as np


class Forecast:
    """Turns predictions of a model into joint states, and compares them with what came.

    Args:
        predictor: Follows the robot with the model.
        motion: What a motion model is asked; None for others.
    """

    def __init__(self, predictor: Predictor, motion: MotionInput | None) -> None:
        self._card = predictor.card
        self._predictor = predictor
        self._motion = motion
        self._continuous = continuous_joints(self._card)
        self._turns = bool(self._continuous.any())
        self._velocity = self._card.columns('velocity', of='targets')
        self._expected: tuple[int, Vector] | None = None
        self._due: Vector | None = None
        self._miss = np.full(len(self._card.targets), np.nan)
        self._compared = [
            (kind, where)
            for kind in ('position', 'velocity', 'effort')
            if (where := self._card.columns(kind, of='targets')) is not None
        ]

    def reset(self) -> None:
        """Forget what was said."""
        self._expected = None

    def take(self, index: int, prediction: Vector | None, *, restarted: bool) -> None:
        """Take in what the model says at a grid point, None for nothing.

        Args:
            index: Number of the grid point.
            prediction: What the model says, shape (n_targets,).
            restarted: Whether the past was forgotten before it.
        """
        expected = self._expected
        known = expected is not None and expected[0] == index and not restarted
        self._due = expected[1] if known and expected is not None else None
        self._expected = None if prediction is None else (index + 1, prediction)

    def deviation(self, measured: JointState) -> Vector | None:
        """Return how far the newest measurement is from what was said of it, (n_joints,).

        Unexpected torque of a motion model, velocity of a forward model; None without.
        """
        if self._motion is not None:
            return self._motion.residual
        if self._card.model_kind == 'forward' and self._velocity and self._due is not None:
            return measured.velocity - self._due[self._velocity]
        return None

    def predicted(self, prediction: Vector, stamp_ns: int) -> JointState:
        """Return a prediction made at a time as a joint state for the time it is for."""
        motion = self._motion
        if motion is not None and motion.motion is not None:
            told = motion.motion
            effort = motion.effort(prediction)
            return JointState(told.stamp_ns, told.position, told.velocity, effort)
        ahead = nanoseconds(self._card.dt) if self._card.model_kind == 'forward' else 0
        return self._predictor.as_state(prediction, stamp_ns + ahead)

    def error(self, point: GridPoint, predicted: JointState | None) -> JointState | None:
        """Return measured minus predicted for the time of the newest grid point."""
        measured = point.state
        if self._motion is not None:
            residual = self._motion.residual
            absent = np.full(self._card.n_joints, np.nan)
            if residual is None:
                return None
            return JointState(measured.stamp_ns, absent, absent, residual)
        if self._card.model_kind == 'forward':
            if self._due is None:
                return None
            told = self._predictor.as_state(self._due, measured.stamp_ns)
        elif self._card.model_kind == 'inverse' and predicted is not None:
            told = predicted
        else:  # a residual can only be compared together with its rigid-body prior
            return None
        return JointState(
            measured.stamp_ns,
            short_way(measured.position - told.position, self._continuous),
            measured.velocity - told.velocity,
            measured.effort - told.effort,
        )

    def miss(self, point: GridPoint, prediction: Vector) -> Vector | None:
        """Return measured minus predicted by target, shape (n_targets,).

        Args:
            point: The newest grid point.
            prediction: What the model has just said, shape (n_targets,).

        Returns:
            A buffer that is written again; NaN where nothing was measured. None if nothing had
            been said, or the point bridges missing messages.
        """
        if point.filled:
            return None
        if self._motion is not None:
            return self._motion.residual
        told = {'forward': self._due, 'inverse': prediction}.get(self._card.model_kind)
        if told is None:
            return None
        for kind, where in self._compared:
            measured = getattr(point.state, kind)
            if kind == 'position' and self._turns:
                self._miss[where] = short_way(measured - told[where], self._continuous)
            else:
                np.subtract(measured, told[where], out=self._miss[where])
        return self._miss

    def ahead(
        self, stamp_ns: int, settings: PipelineSettings
    ) -> tuple[Trajectory | None, Matrix | None]:
        """Return the horizon from the newest observation, as a trajectory and as targets."""
        steps = settings.horizon_steps
        if steps == 0 or self._card.model_kind != 'forward':
            return None, None
        hold = (
            settings.horizon_effort == 'hold' or self._card.columns('effort', of='targets') is None
        )
        rows = self._predictor.horizon(steps, 'hold' if hold else 'predicted')
        stamps = stamp_ns + nanoseconds(self._card.dt) * np.arange(1, steps + 1)
        return Trajectory(stamps, **self._predictor.by_kind(rows)), rows
