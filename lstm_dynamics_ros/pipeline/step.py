# SPDX-License-Identifier: Apache-2.0
"""The record of one grid point, which goes through all stages of the pipeline."""

from dataclasses import dataclass, fields
from typing import NamedTuple

from lstm_dynamics_ros.control.base import ControlInput
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Stamps, Vector
from lstm_dynamics_ros.safety.state import State
from lstm_dynamics_ros.signals.time_grid import GridPoint

FILLED_BY = {
    'state_input': 'point stamp_ns measured is_control',
    'model_inputs': 'preview reference commanded motion rigid_body_effort observation disturbance '
    'expected residual',
    'model_tracker': 'prediction learned warm',
    'forecast': 'deviation predicted horizon trajectory error bounds novelty',
    'trust_monitor': 'touched frozen contact confidence outside_range',
    'correction': 'applied torque shadow correction',
    'pipeline': 'note state',
}
"""The stages in their order, and the fields of a step that each fills, once."""


class PredictedTrajectory(NamedTuple):
    """Predicted joint states, one row per step. Matrices have shape (n_steps, n_joints)."""

    stamp_ns: Stamps
    """Time each row is for [ns], shape (n_steps,)."""
    position: Matrix
    velocity: Matrix
    effort: Matrix
    """NaN where the model does not predict it."""


@dataclass(init=False, eq=False, repr=False, slots=True)
class Step(ControlInput):
    """Everything known at one grid point; a controller is given the part that is a ControlInput.

    Every stage fills its own fields (:data:`FILLED_BY`) and nobody else writes them. A field can
    be read once it is filled: at a control point all are in the end, and between two control
    points those that only a controller or a caller needs are not.
    """

    # state_input
    point: GridPoint
    stamp_ns: int
    """Time of the grid point [ns]."""
    is_control: bool
    """Whether this is a control point, which gets a correction and is handed out."""
    # model_inputs
    motion: Reference | None
    """The motion that a motion model is asked about; None for other models."""
    observation: Vector
    """What the model sees, shape (n_features,). A buffer that the next step writes again."""
    disturbance: Vector | None
    """Newest measured effort beyond the rigid-body model, one step old [N m] or [N], shape
    (n_joints,); None without."""
    expected: Vector | None
    """What the model had predicted for the time of ``disturbance`` [N m] or [N], shape
    (n_joints,); None where it had predicted nothing."""
    # model_tracker
    prediction: Vector | None
    """What the model predicts, shape (n_targets,); None if it could not be used."""
    warm: bool
    """Whether the model has seen its washout."""
    # forecast
    deviation: Vector | None
    """How far the measurement is from what was predicted of it, shape (n_joints,): torque of a
    motion model, velocity of a forward model; None without."""
    trajectory: PredictedTrajectory | None
    """The horizon of a forward model; None without one."""
    error: JointState | None
    """``measured`` minus what was predicted for this time; None if nothing was."""
    bounds: JointState | None
    """Half-width of the bounds of ``predicted``, with its stamp and units; NaN for what the model
    does not predict. They follow the errors so far. None without bounds on the model card."""
    novelty: float
    """How unusual the model finds what it sees: 1 is usual. NaN if it could not be used."""
    # trust_monitor
    contact: bool
    """Whether something touches the robot."""
    confidence: float
    """Trust in the model, 0 to 1."""
    outside_range: tuple[str, ...]
    """Features outside the training range, e.g. ``('velocity.joint1',)``."""
    # correction
    torque: Vector | None
    """What the controller wants [N m] or [N], shape (n_joints,), armed or not; None for none."""
    shadow: float | None
    """Share of the disturbance that the torque would have taken away so far, all joints together;
    None where that is not known."""
    correction: Vector | None
    """What the gate let through [N m] or [N], shape (n_joints,): while armed, and after that until
    the safe command is complete; None otherwise."""
    # pipeline
    note: str
    """Why the prediction is not valid; empty if it is."""
    state: State
    """State after this grid point."""

    @property
    def valid(self) -> bool:
        """Whether the prediction can be relied on; if not, ``note`` says why."""
        return not self.note

    @property
    def filled(self) -> bool:
        """Whether ``measured`` bridges missing messages."""
        return self.point.filled

    def __repr__(self) -> str:
        known = (item.name for item in fields(self) if hasattr(self, item.name))
        return f'Step({", ".join(f"{name}={getattr(self, name)!r}" for name in known)})'
