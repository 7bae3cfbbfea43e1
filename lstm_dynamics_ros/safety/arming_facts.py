# SPDX-License-Identifier: Apache-2.0
"""What is known, and what is accepted, when somebody wants to arm."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import State

ANSWERS = ('refuse', 'warn', 'ignore')
"""What a check can do."""


@dataclass(frozen=True, kw_only=True)
class ArmingSettings:
    """Bounds of the checks before arming."""

    max_reference_age: float = parameter(
        0.1,
        'Oldest reference that counts as present.',
        unit='s',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    max_error_gain: float = parameter(
        1.0,
        'Largest gain from tracking error to torque that a model may have learned, as effort '
        'limits per radian. A loop of feedback this slack does no harm.',
        unit='1/rad',
        minimum=0.0,
        reconfigurable=True,
    )
    max_washout: float = parameter(
        5.0,
        'Longest time a model may take to forget its initial state.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
    max_load: float = parameter(
        0.5,
        'Largest share of the control period that one tick may take (99th percentile).',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    min_shadow_time: float = parameter(
        2.0,
        'Time the correction must have been scored before it may act.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
    shadow: str = parameter(
        'refuse',
        'What happens when the correction, only watched so far, would have been worse than none.',
        choices=ANSWERS,
        reconfigurable=True,
    )
    position_limits: str = parameter(
        'refuse',
        'What happens when position or speed limits of a joint are not known.',
        choices=ANSWERS,
        reconfigurable=True,
    )


@dataclass(frozen=True, kw_only=True)
class ArmingFacts:
    """Everything that is looked at before arming.

    What is not known speaks against arming, unless its description says otherwise.
    """

    joint_names: Sequence[str]
    """Joints of the model."""
    state: State
    fault: str = ''
    """Cause of the fault; empty without."""
    note: str = ''
    """Why predictions are not valid, such as a model that is not warm; empty if they are."""
    rate_known: bool = False
    """Whether the rate of the joint states is known."""
    state_publishers: int = 1
    """Publishers of the joint states."""
    effort_missing: str = ''
    """Which joints lack the measured effort that is needed, as a sentence; empty if none does."""
    outside_range: Sequence[str] = ()
    """Features outside the training range."""
    frozen: Sequence[str] = ()
    """Joints whose measurement stands still although their command changes."""
    position: Vector | None = None
    """Newest positions [rad] or [m], shape (n_joints,); None without data, where the state already
    speaks against arming."""

    controller: str = 'none'
    computes_torque: bool = False
    needs_reference: bool = True
    reference_age: float | None = None
    """Age of the newest reference [s]; None if none has come."""
    reference_covers: bool = True
    """Whether the reference says where to be one latency from now."""

    limits: JointLimits | None = None
    continuous: Sequence[str] = ()
    """Joints that turn without end, and so have no position limits."""
    error_gain: float | None = None
    """Largest gain from tracking error to torque on the model's card, over the joints, as effort
    limits per radian [1/rad]; None without a learned torque."""
    washout: float = 0.0
    """Time the model takes to forget its initial state [s]; 0 without a model."""
    tick_time: float | None = None
    """99th percentile of the time of one tick in the dry run [s]."""
    period: float = 0.0
    """Control period [s]."""
    blend: float = 1.0
    enabled_joints: Sequence[str] = ()
    """Joints that get torque; empty for all."""

    command_topic: str = ''
    command_mode: str = 'correction'
    sink_adds: bool = False
    """Whether what receives the command adds it to its own."""
    subscribers: int = 0
    """Subscribers of the command topic."""
    other_publishers: Sequence[str] = ()
    """Nodes besides this one that publish on the command topic."""
    sink_joints: Sequence[str] | None = None
    """Joints of the controller that receives the command, in its order; None if it cannot be
    asked."""
    sink_has_names: bool = False
    """Whether the command carries joint names, so that the order does not matter."""
    command_joints: Sequence[str] = ()
    """Joints of the command, by the names the robot has for them, in the order sent."""

    shadow_time: float = 0.0
    """Time the correction was scored [s]."""
    shadow_explained: Vector | None = None
    """Explained share of the disturbance per joint, NaN where there was none, shape
    (n_joints,)."""
