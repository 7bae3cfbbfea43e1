# SPDX-License-Identifier: Apache-2.0
"""The stages that step the model, and that make joint states of what it predicts."""

import math

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.step import PredictedTrajectory, Step
from lstm_dynamics_ros.runtime.bounds import (
    AdaptiveBounds,
    NoBoundsError,
    static_bounds,
    StaticBounds,
)
from lstm_dynamics_ros.runtime.novelty import Novelty
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.state import Event, State, StateMachine
from lstm_dynamics_ros.signals.time_grid import continuous_joints, nanoseconds, short_way
import numpy as np
from numpy.typing import NDArray

MOST_BAD = 2
"""Steps in a row in which the model could not be used, and which make a fault."""

AWAIT_WARM = frozenset({State.WARMING, State.DEGRADED})
"""States that end when the model is warm."""

UNUSABLE = 'The model could not be used on the newest measurement.'


class ModelTracker:
    """Follows the robot with the model, and makes it a fault if the model cannot be used.

    Args:
        predictor: Steps the model.
        machine: State of the node.
    """

    def __init__(self, predictor: Predictor, machine: StateMachine) -> None:
        self.predictor = predictor
        """Steps the model."""
        self.inference_errors = 0
        """Exceptions while running the model."""
        self._machine = machine
        self._inverse = predictor.card.model_kind != 'forward'
        self._bad = 0

    def reset(self) -> None:
        """Let the model forget the past."""
        self.predictor.reset()

    def predict(self, step: Step) -> None:
        """Step the model and fill in what it predicts."""
        predictor = self.predictor
        try:
            prediction = predictor.update(step.point, step.observation)
        except Exception as error:  # noqa: BLE001 - whatever onnxruntime raises, the node lives on
            self.inference_errors += 1
            self._machine.fail(f'The model could not be run: {error}')
            predictor.reset()
        usable = predictor.valid
        step.prediction = prediction if usable else None
        step.learned = step.prediction if self._inverse else None
        step.warm = warm = predictor.warm
        self._bad = 0 if usable else self._bad + 1
        if self._bad == MOST_BAD:
            self._machine.fail('The model could not be used twice in a row.')
        if warm and self._machine.state in AWAIT_WARM:
            self._machine.on(Event.WARM)

    def note(self) -> str:
        """Return why what the model predicts cannot be relied on; empty if it can."""
        predictor = self.predictor
        if not predictor.valid:
            return UNUSABLE
        if not predictor.warm:
            return f'Warming up: {predictor.seen} of {predictor.card.washout_steps} steps.'
        return ''


class UncertaintyMonitor:
    """Bounds and novelty of one robot, followed over every grid point.

    Args:
        card: Card of the model. Without bounds on it there are none; :attr:`why_unbounded` says
            why.
        miss_rate: Share of moments that may lie outside the bounds.
    """

    def __init__(self, card: ModelCard, miss_rate: float) -> None:
        self.why_unbounded = ''
        """Why there are no bounds, one sentence; empty if there are."""
        self._bounds: AdaptiveBounds | None = None
        self._static: StaticBounds | None = None
        try:
            static = static_bounds(card, int(card.model_kind == 'forward'), miss_rate)
            self._bounds = AdaptiveBounds(static.half, miss_rate)
            self._static = static if static.weights.any() else None
        except NoBoundsError as error:
            self.why_unbounded = str(error)
        # What an inverse model predicts is of now, so that its newest error comes with the
        # prediction that it is of: it counts for the bounds of the next.
        self._inverse = card.model_kind != 'forward'
        self._newest = np.full(len(card.targets), np.nan)
        self._growth = np.ones((1, len(card.targets)))
        self._novelty = Novelty(card)
        self._absent = np.full(card.n_joints, np.nan)
        self._columns = [
            card.columns(kind, of='targets') for kind in ('position', 'velocity', 'effort')
        ]

    @property
    def novelty(self) -> float:
        """How unusual the newest step is; 1 is usual, NaN before the first step."""
        return float(self._novelty.value[0])

    def reset(self) -> None:
        """Begin again from the bounds of the card for usual novelty."""
        self._novelty.reset()
        if self._bounds is not None:
            self._bounds.reset()
        self._newest.fill(np.nan)
        self._growth.fill(1.0)

    def update(
        self, observation: Vector, spread: NDArray[np.float32], error: Vector | None
    ) -> None:
        """Take in the newest step of the model.

        Args:
            observation: What the model saw, shape (n_features,).
            spread: Standard deviation between its members, shape (1, n_targets).
            error: Newest measurement minus what had been predicted of it, shape (n_targets,);
                None if nothing had been, or nothing was measured.
        """
        if self._bounds is None:
            self._novelty.update(observation, spread)
            return
        # Errors count as if novelty had been usual when their prediction was made.
        if not self._inverse and error is not None:
            np.divide(error, self._growth[0], out=self._newest)
        self._bounds.update(self._newest)
        self._novelty.update(observation, spread)
        if self._static is not None:
            self._static.growth(self._novelty.excess, self._growth)
        self._newest.fill(np.nan)
        if self._inverse and error is not None:
            np.divide(error, self._growth[0], out=self._newest)

    def bounds(self, stamp_ns: int) -> JointState | None:
        """Return the half-widths of the prediction for a time [ns]; None without bounds.

        NaN where the model predicts nothing, or its card has no bounds.
        """
        if self._bounds is None:
            return None
        half = self._bounds.half * self._growth[0]
        parts = (self._absent if where is None else half[where] for where in self._columns)
        return JointState(stamp_ns, *parts)


class Forecast:
    """Turns predictions of a model into joint states, and compares them with what came.

    Args:
        predictor: Follows the robot with the model.
        settings: Horizon, and how often the bounds may be missed; may be replaced.
        motion_model: Whether the model is asked about motions.
    """

    def __init__(
        self, predictor: Predictor, settings: PipelineSettings, *, motion_model: bool
    ) -> None:
        card = self._card = predictor.card
        self.settings = settings
        """What is predicted; may be replaced."""
        self.uncertainty = UncertaintyMonitor(card, settings.bounds_miss_rate)
        """How sure the model is."""
        self._predictor = predictor
        self._motion_model = motion_model
        self._forward = card.model_kind == 'forward'
        self._step_ns = nanoseconds(card.dt) if self._forward else 0
        self._continuous = continuous_joints(card.joint_types)
        self._turns = bool(self._continuous.any())
        self._velocity = card.columns('velocity', of='targets')
        self._expected: tuple[int, Vector] | None = None
        self._due: Vector | None = None
        self._miss = np.full(len(card.targets), np.nan)
        self._absent = np.full(card.n_joints, np.nan)
        self._compared = [
            (kind, where)
            for kind in ('position', 'velocity', 'effort')
            if (where := card.columns(kind, of='targets')) is not None
        ]

    def reset(self) -> None:
        """Forget what was predicted."""
        self._expected = self._due = None
        self.uncertainty.reset()

    def describe(self, step: Step) -> None:
        """Compare the measurement with what was predicted of it, and fill in what follows."""
        prediction = step.prediction
        if prediction is None:
            step.deviation = step.predicted = step.error = step.bounds = None
            step.horizon = step.trajectory = None
            step.novelty = math.nan
            return
        index, expected = step.point.index, self._expected
        self._due = None if expected is None or expected[0] != index else expected[1]
        self._expected = (index + 1, prediction)
        miss = self._compare(step, prediction) if step.warm else None
        self.uncertainty.update(step.observation, self._predictor.spread, miss)
        step.deviation = self._deviation(step)
        if step.is_control:
            step.predicted = self._predicted(step, prediction)
            step.error = self._error(step, step.predicted)
            step.bounds = self.uncertainty.bounds(step.predicted.stamp_ns)
            step.novelty = self.uncertainty.novelty
            self._look_ahead(step)

    def _deviation(self, step: Step) -> Vector | None:
        """Return how far the measurement is from what was predicted of it, (n_joints,)."""
        if self._motion_model:
            return step.residual
        if self._forward and self._velocity and self._due is not None:
            return step.measured.velocity - self._due[self._velocity]
        return None

    def _predicted(self, step: Step, prediction: Vector) -> JointState:
        """Return a prediction as a joint state for the time it is for."""
        if step.motion is not None:
            stamp_ns, position, velocity, _ = step.motion
            rigid = step.rigid_body_effort
            effort = prediction if rigid is None else prediction + rigid
            return JointState(stamp_ns, position, velocity, effort)
        return self._predictor.as_state(prediction, step.stamp_ns + self._step_ns)

    def _error(self, step: Step, predicted: JointState) -> JointState | None:
        """Return measured minus predicted for the time of the grid point."""
        measured = step.measured
        if self._motion_model:
            if step.residual is None:
                return None
            return JointState(step.stamp_ns, self._absent, self._absent, step.residual)
        if self._forward:
            if self._due is None:
                return None
            predicted = self._predictor.as_state(self._due, step.stamp_ns)
        elif self._card.model_kind != 'inverse':
            return None  # a residual can only be compared together with its rigid-body prior
        return JointState(
            step.stamp_ns,
            short_way(measured.position - predicted.position, self._continuous),
            measured.velocity - predicted.velocity,
            measured.effort - predicted.effort,
        )

    def _compare(self, step: Step, prediction: Vector) -> Vector | None:
        """Return measured minus predicted by target, shape (n_targets,).

        Returns:
            A buffer that is written again; NaN where nothing was measured. None if nothing had
            been predicted, or the point bridges missing messages.
        """
        if step.point.filled:
            return None
        if self._motion_model:
            return step.residual
        expected = {'forward': self._due, 'inverse': prediction}.get(self._card.model_kind)
        if expected is None:
            return None
        for kind, where in self._compared:
            measured = getattr(step.measured, kind)
            if kind == 'position' and self._turns:
                self._miss[where] = short_way(measured - expected[where], self._continuous)
            else:
                np.subtract(measured, expected[where], out=self._miss[where])
        return self._miss

    def _look_ahead(self, step: Step) -> None:
        """Fill in the horizon from the newest observation, as a trajectory and as targets."""
        settings, n_steps = self.settings, self.settings.horizon_steps
        if n_steps == 0 or not self._forward:
            step.horizon = step.trajectory = None
            return
        effort_known = self._card.columns('effort', of='targets') is not None
        hold = settings.horizon_effort == 'hold' or not effort_known
        rows = self._predictor.horizon(n_steps, 'hold' if hold else 'predicted')
        stamps = step.stamp_ns + self._step_ns * np.arange(1, n_steps + 1)
        step.horizon = rows
        step.trajectory = PredictedTrajectory(stamps, **self._predictor.by_kind(rows))
