# SPDX-License-Identifier: Apache-2.0
"""What must hold before torque may be sent, as sentences that say how to get there."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import NamedTuple

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import refusal, State
import numpy as np

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
    max_feedback_gain: float = parameter(
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
    feedback_gain: float | None = None
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


__all__ = ['ArmingFacts', 'ArmingSettings', 'Verdict', 'judge', 'unfit_model']

DEGREES_FACTOR = 3.0
"""An angle beyond this many times its limit, and beyond a turn, is likely in degrees."""


class Verdict(NamedTuple):
    """What speaks against arming, one sentence each."""

    refusals: tuple[str, ...]
    """Each of these prevents it."""
    warnings: tuple[str, ...]
    """These do not, and should be read."""


def judge(facts: ArmingFacts, settings: ArmingSettings) -> Verdict:
    """Return everything that speaks against arming, all at once.

    Args:
        facts: What is the case.
        settings: What is accepted.
    """
    refusals: list[str] = []
    warnings: list[str] = []

    def answer(how: str, reasons: Sequence[str]) -> None:
        if how != 'ignore':
            (refusals if how == 'refuse' else warnings).extend(reasons)

    if against := refusal(facts.state, facts.fault):
        refusals.append(against)
    refusals += _data(facts)
    refusals += _reference(facts, settings)
    refusals += _model(facts, settings)
    refusals += _sink(facts)
    refusals += _effort_limits(facts)
    answer(settings.position_limits, _motion_limits(facts))
    refusals += _position(facts)
    answer(settings.shadow, _shadow(facts, settings))
    if facts.state_publishers > 1:
        warnings.append(
            f'{facts.state_publishers} publishers send joint states; their messages mix. Stop all '
            'but one, or remap joint_states.'
        )
    if facts.sink_joints is None and not facts.sink_has_names and facts.subscribers:
        warnings.append(
            f'The joints of what listens on {facts.command_topic} could not be read. Compare its '
            f'parameter joints with: {", ".join(facts.command_joints)}.'
        )
    if facts.blend == 0.0:
        warnings.append('gate.blend is 0: nothing will come out until it is raised.')
    return Verdict(tuple(refusals), tuple(warnings))


def _data(facts: ArmingFacts) -> list[str]:
    found = []
    if not facts.rate_known:
        found.append('The rate of the joint states is not known yet. Wait for some messages.')
    if facts.note:
        found.append(facts.note)
    if facts.effort_missing and facts.effort_missing != facts.note:
        found.append(facts.effort_missing)
    if facts.outside_range:
        names = ', '.join(facts.outside_range)
        found.append(
            f'Outside the training range: {names}. Move the robot back, or train on data from '
            'there.'
        )
    if facts.frozen:
        found.append(
            f'The measurements of these joints stand still although their command changes: '
            f'{", ".join(facts.frozen)}. Check the sensor or driver.'
        )
    return found


def _reference(facts: ArmingFacts, settings: ArmingSettings) -> list[str]:
    if not facts.needs_reference:
        return []
    age = facts.reference_age
    if age is None:
        return ['No reference has come. Publish ~/reference, or play the trajectory first.']
    if not age <= settings.max_reference_age:
        return [
            f'The reference is {age:.3g} s old; at most {settings.max_reference_age:g} s is '
            'accepted. Publish it all the time, also while standing still.'
        ]
    if not facts.reference_covers:
        return [
            'The reference does not reach to when the correction acts. Send points further ahead '
            'than the latency of the model.'
        ]
    return []


def _model(facts: ArmingFacts, settings: ArmingSettings) -> list[str]:
    found = []
    if not facts.computes_torque:
        found.append(
            f'The controller {facts.controller!r} computes no torque. Set the parameter '
            'controller to one that does.'
        )
    found += unfit_model(facts.feedback_gain, facts.washout, settings)
    if facts.tick_time is None:
        found.append('How long a tick takes is not known yet. Wait for the dry run.')
    elif not facts.tick_time <= settings.max_load * facts.period:
        found.append(
            f'A tick takes {1e3 * facts.tick_time:.3g} ms (99th percentile); at most '
            f'{settings.max_load:.0%} of the period of {1e3 * facts.period:.3g} ms is accepted. '
            'Lower control_rate, or use a smaller model or a faster machine.'
        )
    return found


def unfit_model(
    feedback_gain: float | None, washout: float, settings: ArmingSettings
) -> list[str]:
    """Return why a model may be used for prediction only; empty if it may be used for torque.

    Args:
        feedback_gain: As in :class:`ArmingFacts`.
        washout: As in :class:`ArmingFacts`.
        settings: What is accepted.
    """
    found = []
    if feedback_gain is not None and not feedback_gain <= settings.max_feedback_gain:
        found.append(
            f'The model turns tracking error into torque with a gain of {feedback_gain:.3g} '
            'effort limits per radian; '
            f'at most {settings.max_feedback_gain:g} is accepted. It may be used for prediction; '
            'train it again with more noise and feedback dropout.'
        )
    if not washout <= settings.max_washout:
        found.append(
            f'The model needs {washout:.3g} s to forget its initial state; at most '
            f'{settings.max_washout:g} s is accepted. It may be used for prediction.'
        )
    return found


def _sink(facts: ArmingFacts) -> list[str]:
    found = []
    topic = facts.command_topic
    if facts.command_mode == 'correction' and not facts.sink_adds:
        found.append(
            'The command is a correction, and what receives it would take it for the whole '
            'effort. Use a joint trajectory controller, or set sink_adds to true if it adds the '
            'command to its own.'
        )
    if facts.subscribers == 0:
        found.append(
            f'Nobody subscribes to {topic}. Start and activate the controller, or set '
            'command_topic.'
        )
    if facts.other_publishers:
        found.append(
            f'Others publish on {topic} too: {", ".join(facts.other_publishers)}. Stop them.'
        )
    sink, ours = facts.sink_joints, list(facts.command_joints)
    if sink is not None:
        theirs = list(sink)
        fits = set(ours) <= set(theirs) if facts.sink_has_names else ours == theirs
        if not fits:
            order = ' in this order' if sorted(ours) == sorted(theirs) else ''
            found.append(
                f'The controller on {topic} has the joints {theirs}, the command has {ours}; they '
                f'must be the same{order}. Change its parameter joints, or joint_map.'
            )
    return found


def _effort_limits(facts: ArmingFacts) -> list[str]:
    names = facts.joint_names
    missing = names if facts.limits is None else facts.limits.without('effort', names)
    if not missing:
        return []
    return [
        f'These joints have no effort limit: {", ".join(missing)}. Set limits.effort, or publish '
        'a robot description with them.'
    ]


def _motion_limits(facts: ArmingFacts) -> list[str]:
    names, limits = facts.joint_names, facts.limits
    unbounded = names if limits is None else limits.without('position', names)
    unpaced = names if limits is None else limits.without('velocity', names)
    found = []
    if lost := [name for name in unbounded if name not in facts.continuous]:
        found.append(
            f'These joints have no position limits: {", ".join(lost)}. Set limits.lower and '
            'limits.upper, or publish a robot description with them.'
        )
    if unpaced:
        found.append(
            f'These joints have no speed limit: {", ".join(unpaced)}. Set limits.velocity, or '
            'publish a robot description with them.'
        )
    return found


def _position(facts: ArmingFacts) -> list[str]:
    if facts.position is None or facts.limits is None:
        return []
    q, limits = facts.position, facts.limits
    out = ~((q >= limits.lower) & (q <= limits.upper))
    if not out.any():
        return []
    listed = ', '.join(
        f'{name} at {q[i]:.4g} (from {limits.lower[i]:.4g} to {limits.upper[i]:.4g})'
        for i, name in enumerate(facts.joint_names)
        if out[i]
    )
    largest = np.maximum(np.abs(limits.lower), np.abs(limits.upper))
    degrees = (out & (np.abs(q) > np.maximum(DEGREES_FACTOR * largest, 2.0 * math.pi))).any()
    hint = 'Move the robot back, or correct the limits or the zero of the encoder.'
    if degrees:
        hint = 'The positions look like degrees; they must be in radians.'
    return [f'Outside the position limits: {listed}. {hint}']


def _shadow(facts: ArmingFacts, settings: ArmingSettings) -> list[str]:
    if not facts.computes_torque:
        return []  # said already, and there is nothing to score
    if facts.shadow_time < settings.min_shadow_time:
        return [
            f'The correction was watched for {facts.shadow_time:.3g} s; '
            f'{settings.min_shadow_time:g} s are needed. Let the robot move.'
        ]
    if facts.shadow_explained is None:
        return ['Nothing says how good the correction would be. Let the robot move.']
    worse = [
        f'{name} ({value:.2f})'
        for name, value in zip(facts.joint_names, facts.shadow_explained, strict=True)
        if value < 0.0 and (not facts.enabled_joints or name in facts.enabled_joints)
    ]
    if not worse:
        return []
    return [
        'The correction would have been worse than none on these joints (explained share): '
        f'{", ".join(worse)}. Check model, payload and sign of the effort, leave them out of '
        'gate.enabled_joints, or set arming.shadow.'
    ]
