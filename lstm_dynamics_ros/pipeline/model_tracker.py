# SPDX-License-Identifier: Apache-2.0
"""The stage that steps the model over every grid point."""

from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.state import Event, State, StateMachine

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
