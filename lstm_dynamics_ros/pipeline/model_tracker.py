# SPDX-License-Identifier: Apache-2.0
"""The middle of a tick: a model that follows the robot, and what is known because of that."""

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.pipeline.forecast import Forecast
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model, MotionInput
from lstm_dynamics_ros.pipeline.prior_inputs import PriorInput
from lstm_dynamics_ros.pipeline.settings import SafetySettings
from lstm_dynamics_ros.pipeline.trust_monitor import TrustMonitor
from lstm_dynamics_ros.pipeline.uncertainty import Uncertainty
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.state import Event, StateMachine
from lstm_dynamics_ros.signals.time_grid import GridPoint

MOST_BAD = 2
"""Steps in a row in which the model could not be used, and which make a fault."""

UNUSABLE = 'The model could not be used on the newest measurement.'


class ModelTracker:
    """A model that is stepped over every grid point, and everything that goes with its memory.

    Args:
        predictor: Steps the model.
        safety: When it is trusted, and what counts as contact.
        prior: Rigid-body prior that the card of the model names.
        latency_ns: Time from a measurement to the moment its correction acts [ns].
        machine: State of the node.
        miss_rate: Share of moments that may lie outside the bounds of the prediction.

    Raises:
        ConfigError: If the card has a prior and none is given.
    """

    def __init__(
        self,
        predictor: Predictor,
        safety: SafetySettings,
        prior: Prior | None,
        latency_ns: int,
        machine: StateMachine,
        miss_rate: float,
    ) -> None:
        card = predictor.card
        self.predictor = predictor
        """Steps the model."""
        self.motion = MotionInput(card, prior, latency_ns) if is_motion_model(card) else None
        """What a motion model is asked; None for others."""
        self._prior = PriorInput(card, prior) if card.columns(PRIOR_KIND) is not None else None
        self.forecast = Forecast(self.predictor, self.motion)
        """What the model says, as joint states."""
        self.trust_monitor = TrustMonitor(
            card, safety, prior, motion_model=self.motion is not None
        )
        """Watches whether the model may be trusted."""
        self.uncertainty = Uncertainty(card, miss_rate)
        """How sure the model is."""
        self.told: Vector | None = None
        """Effort the robot was last told to have [N m] or [N]; None if that is not known."""
        self.inference_errors = 0
        """Exceptions while running the model."""
        self._machine = machine
        self._bad = 0

    @property
    def disturbance(self) -> Vector | None:
        """Newest torque that the rigid-body model does not explain, one step old; None without."""
        return None if self.motion is None else self.motion.raw

    @property
    def counters(self) -> dict[str, int]:
        """Counters since the start, by name."""
        return {
            'inference_error': self.inference_errors,
            'contacts': self.trust_monitor.contact.count,
        }

    def predict(self, point: GridPoint, preview: Reference | None) -> Vector | None:
        """Step the model over a grid point.

        Args:
            point: The next grid point.
            preview: Where the robot is told to be one latency later.

        Returns:
            The prediction, shape (n_targets,); None if there is none that can be used.
        """
        prediction = self._predict(point, preview)
        if prediction is not None and self.motion is not None:
            self.motion.tell(prediction)
        return prediction

    def judge(self, point: GridPoint, prediction: Vector | None) -> None:
        """Compare what came with what the model had said, and what that says of the model.

        Args:
            point: The newest grid point.
            prediction: What :meth:`predict` returned for it.
        """
        self._bad = self._bad + 1 if prediction is None else 0
        if self._bad == MOST_BAD:
            self._machine.fail('The model could not be used twice in a row.')
        if self.predictor.warm:
            self._machine.on(Event.WARM)
        self.forecast.take(point.index, prediction, restarted=point.restarted)
        if prediction is not None:
            warm = self.predictor.warm
            miss = self.forecast.miss(point, prediction) if warm else None
            self.uncertainty.step(self.predictor, miss)
            self.trust_monitor.step(
                point.state,
                self.predictor.observation,
                self.forecast.deviation(point.state),
                self.told,
                expected=None if self.motion is None else self.motion.expected,
                warm=warm,
            )

    def note(self) -> str:
        """Return why what the model says cannot be relied on; empty if it can."""
        predictor = self.predictor
        if not predictor.valid:
            return UNUSABLE
        if not predictor.warm:
            return f'Warming up: {predictor.seen} of {predictor.card.washout_steps} steps.'
        return ''

    def _predict(self, point: GridPoint, preview: Reference | None) -> Vector | None:
        observation = None
        if self.motion is not None:
            # Frozen by contact only: what is measured stays true when torque is cut, and a model
            # that stood still because it is wrong would never get right again.
            touched = self.trust_monitor.touched
            observation = self.motion.observe(point.state, preview, frozen=touched)
        elif self._prior is not None:
            observation = self._prior.observe(point.state)
        try:
            prediction = self.predictor.update(point, observation)
        except Exception as error:  # noqa: BLE001 - whatever onnxruntime raises, the node lives on
            self.inference_errors += 1
            self._machine.fail(f'The model could not be run: {error}')
            self.predictor.reset()
        return prediction if self.predictor.valid else None

    def reset(self) -> None:
        """Forget the past, and all that is known because of it."""
        self.predictor.reset()
        if self.motion is not None:
            self.motion.reset()
        if self._prior is not None:
            self._prior.reset()
        self.trust_monitor.reset()
        self.forecast.reset()
        self.uncertainty.reset()
        self.told = None
