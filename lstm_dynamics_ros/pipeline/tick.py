# SPDX-License-Identifier: Apache-2.0
"""What one tick of the pipeline hands out."""

from dataclasses import dataclass
from typing import NamedTuple

from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Stamps, Vector
from lstm_dynamics_ros.safety.state import State


class Trajectory(NamedTuple):
    """Predicted joint states, one row per step. Matrices have shape (n_steps, n_joints)."""

    stamp_ns: Stamps
    """Time each row is for [ns], shape (n_steps,)."""
    position: Matrix
    velocity: Matrix
    effort: Matrix
    """NaN where the model does not predict it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """What is known at one control point. Nothing in it is written again."""

    stamp_ns: int
    """Time of the grid point [ns]."""
    measured: JointState
    """Measured state at this grid point."""
    filled: bool
    """Whether ``measured`` bridges missing messages."""
    predicted: JointState | None
    """Of a forward model the state one step ahead, of an inverse one the effort now; the stamp is
    the time it is for. None if the model could not be used."""
    trajectory: Trajectory | None
    """The horizon of a forward model; None without one."""
    error: JointState | None
    """``measured`` minus what was predicted for this time; None if nothing was."""
    bounds: JointState | None
    """Half-width of the bounds of ``predicted``, with its stamp and units; NaN for what the model
    does not predict. They follow the errors so far. None without bounds on the model card."""
    novelty: float
    """How unusual the model finds what it sees: 1 is usual. NaN if it could not be used."""
    warm: bool
    """Whether the model has seen its washout."""
    valid: bool
    """Whether the prediction can be relied on; if not, ``note`` says why."""
    note: str
    """Why the prediction is not valid; empty if it is."""
    outside_range: tuple[str, ...]
    """Features outside the training range, e.g. ``('velocity.joint1',)``."""
    state: State
    """State after this grid point."""
    torque: Vector | None
    """What the controller wants [N m] or [N], shape (n_joints,), armed or not; None for none."""
    correction: Vector | None
    """What the gate let through [N m] or [N], shape (n_joints,): while armed, and after that until
    the safe command is complete; None otherwise."""
    preview: Reference | None
    """Where the robot is told to be when the correction acts; None if that is not known."""
    frozen: bool
    """Whether whatever integrates stood still: contact, saturation, little confidence."""
    contact: bool
    """Whether something touches the robot."""
    confidence: float
    """Trust in the model, 0 to 1."""
    shadow: float | None
    """Share of the disturbance that the torque would have taken away so far, all joints together;
    None where that is not known."""
