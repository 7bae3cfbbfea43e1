# SPDX-License-Identifier: Apache-2.0
"""The stages of a pipeline and what they share, made once and in their order."""

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.control.base import Controller, ControllerConfig, Prior
from lstm_dynamics_ros.core.state import ReferenceSource
from lstm_dynamics_ros.pipeline.correction import control_context, CorrectionOutput
from lstm_dynamics_ros.pipeline.forecast import Forecast, ModelTracker
from lstm_dynamics_ros.pipeline.model_inputs import ModelInputs
from lstm_dynamics_ros.pipeline.settings import control_steps, PipelineSettings, SafetySettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.pipeline.torque_permission import TorquePermission
from lstm_dynamics_ros.pipeline.trust_monitor import TrustMonitor
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
from lstm_dynamics_ros.signals.time_grid import nanoseconds


class Stages:
    """What a pipeline consists of.

    Args:
        loaded: The model.
        settings: How joint states are taken in and what is predicted.
        controller: Computes the torque, or the settings of what does; none at all if left out.
        gate: What the torque must pass; made from the model's effort limits if left out.
        machine: State of the node; one that is active if left out.
        prior: Rigid-body prior that the card of the model names.
        safety: When the model is trusted, what is contact, and what arming needs.
        predictor: Steps the model; made if left out. A controller that looks into the model must
            have been built with the same one.

    Raises:
        ConfigError: If the control rate, the joint map or the controller do not fit the model.
        UnknownNameError: If the joint map names an unknown joint.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        settings: PipelineSettings | None = None,
        *,
        controller: Controller | ControllerConfig | None = None,
        gate: Gate | None = None,
        machine: StateMachine | None = None,
        prior: Prior | None = None,
        safety: SafetySettings | None = None,
        predictor: Predictor | None = None,
    ) -> None:
        card = self.card = loaded.card
        self.settings = settings or PipelineSettings()
        safety = safety or SafetySettings()
        self.control_steps = control_steps(card.dt, self.settings.control_rate)
        """Model steps between two control points."""
        self.control_period = self.control_steps * card.dt
        """Time between two control points [s]."""
        self.machine = machine or StateMachine(State.WAITING)
        predictor = predictor or Predictor(loaded)
        self.context = control_context(predictor, self.settings, prior)
        """What a controller of this pipeline is made for."""
        controller = controller or CONTROLLERS['none']()
        if isinstance(controller, ControllerConfig):
            controller = controller.build(self.context)
        self.controller = controller
        """Computes the torque."""
        self.gate = gate or Gate(GateSettings(), self.context.effort_limits, self.control_period)
        """What the torque must pass."""
        self.latency_ns = nanoseconds(self.context.latency)
        """Time from a measurement to the moment a correction from it acts [ns]."""
        self.state_input = StateInput(
            card, self.settings, controller_needs_effort=controller.needs_effort
        )
        self.model_inputs = ModelInputs(card, prior, self.latency_ns)
        self.model_tracker = ModelTracker(predictor, self.machine)
        motion_model = self.model_inputs.motion is not None
        self.forecast = Forecast(predictor, self.settings, motion_model=motion_model)
        self.trust_monitor = TrustMonitor(
            card,
            safety,
            prior,
            motion_model=motion_model,
            range_margin=self.settings.range_margin,
        )
        self.correction_output = CorrectionOutput(
            controller, self.gate, card, self.control_period, self.latency_ns
        )
        self.permission = TorquePermission(
            card,
            self.machine,
            safety,
            self.state_input,
            self.trust_monitor,
            self.correction_output,
        )

    def clear(self) -> None:
        """Clear the memory of every stage behind the time grid, in order."""
        self.model_inputs.reset()
        self.model_tracker.reset()
        self.forecast.reset()
        self.trust_monitor.reset()
        self.correction_output.reset()

    @property
    def reference(self) -> ReferenceSource | None:
        """Knows the reference; None without one. May be replaced."""
        return self.model_inputs.reference

    @reference.setter
    def reference(self, source: ReferenceSource | None) -> None:
        self.model_inputs.reference = source

    @property
    def counters(self) -> dict[str, int]:
        """Counters of all stages since the start, by name."""
        parts = (self.state_input, self.model_tracker.predictor, self.gate)
        found = {name: count for part in parts for name, count in part.counters.items()}
        return found | {
            'revoked': self.permission.count,
            'inference_error': self.model_tracker.inference_errors,
            'contacts': self.trust_monitor.contact.count,
        }
