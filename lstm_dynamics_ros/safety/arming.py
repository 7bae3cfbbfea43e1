# SPDX-License-Identifier: Apache-2.0
"""What must hold before torque may be sent, as sentences that say how to get there."""

from collections.abc import Sequence
import math
from typing import NamedTuple

from lstm_dynamics_ros.safety.arming_facts import ArmingFacts, ArmingSettings
from lstm_dynamics_ros.safety.state import refusal
import numpy as np

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
    found += unfit_model(facts.error_gain, facts.washout, settings)
    if facts.tick_time is None:
        found.append('How long a tick takes is not known yet. Wait for the dry run.')
    elif not facts.tick_time <= settings.max_load * facts.period:
        found.append(
            f'A tick takes {1e3 * facts.tick_time:.3g} ms (99th percentile); at most '
            f'{settings.max_load:.0%} of the period of {1e3 * facts.period:.3g} ms is accepted. '
            'Lower control_rate, or use a smaller model or a faster machine.'
        )
    return found


def unfit_model(error_gain: float | None, washout: float, settings: ArmingSettings) -> list[str]:
    """Return why a model may be used for prediction only; empty if it may be used for torque.

    Args:
        error_gain: As in :class:`ArmingFacts`.
        washout: As in :class:`ArmingFacts`.
        settings: What is accepted.
    """
    found = []
    if error_gain is not None and not error_gain <= settings.max_error_gain:
        found.append(
            f'The model turns tracking error into torque with a gain of {error_gain:.3g} '
            'effort limits per radian; '
            f'at most {settings.max_error_gain:g} is accepted. It may be used for prediction; '
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
