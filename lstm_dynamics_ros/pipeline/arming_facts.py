# SPDX-License-Identifier: Apache-2.0
"""Gathers what is looked at before torque is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.pipeline.correction import CorrectionOutput
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.pipeline.trust_monitor import TrustMonitor
from lstm_dynamics_ros.safety.arming import (
    ArmingFacts,
    ArmingSettings,
    judge,
    unfit_model,
    Verdict,
)
from lstm_dynamics_ros.safety.gate import Gate
import numpy as np

USUAL_LIMIT = 1.0
"""Effort limit that a gain counts with where none is known [N m] or [N]: strict."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a pipeline cannot know. The defaults are those of a caller that acts on its ticks."""

    refusals: Sequence[str] = ()
    """What speaks against arming, one sentence each, e.g. that nobody listens to the command."""
    tick_time: float | None = 0.0
    """99th percentile of the time a tick takes [s]; None if not known yet."""
    state_publishers: int = 1
    """Publishers of the joint states."""


def feedback_gain(card: ModelCard) -> float | None:
    """Return the largest gain from tracking error to torque, as effort limits per radian [1/rad].

    None for a model that makes no torque or sees nothing measured; infinite where the card should
    say it and does not.
    """
    if card.model_kind == 'forward' or card.columns('disturbance') is None:
        return None
    if not card.feedback_gain:
        return float('inf')
    limits = card.effort_limits or (None,) * card.n_joints
    return max(
        gain / (USUAL_LIMIT if limit is None else limit)
        for gain, limit in zip(card.feedback_gain, limits, strict=True)
    )


def prediction_only(card: ModelCard, settings: ArmingSettings) -> list[str]:
    """Return why a model may only be used to predict; empty if it may make torque, too."""
    return unfit_model(feedback_gain(card), card.washout_steps * card.dt, settings)


def known_of(
    card: ModelCard,
    output: CorrectionOutput,
    trust: TrustMonitor,
    newest_ns: int | None,
) -> dict[str, Any]:
    """Return the facts that model, controller and gate know, by their names.

    Args:
        card: Card of the model.
        output: Controller, reference, score and gate.
        trust: Watches the model.
        newest_ns: Time of the newest control point [ns]; None before the first.
    """
    controller, gate, shadow = output.controller, output.gate, output.shadow
    types = zip(card.joint_names, card.joint_types, strict=True)
    age = None
    if newest_ns is not None and output.referred_ns is not None:
        age = (newest_ns - output.referred_ns) / NANOSECONDS
    return {
        'frozen': trust.dead,
        'controller': controller.name,
        'computes_torque': controller.computes_torque,
        'needs_reference': controller.needs_reference,
        'reference_age': age,
        'reference_covers': output.covered,
        'limits': gate.limits,
        'continuous': [name for name, kind in types if kind == 'continuous'],
        'feedback_gain': feedback_gain(card),
        'washout': card.washout_steps * card.dt,
        'blend': gate.settings.blend,
        'enabled_joints': gate.settings.enabled_joints,
        'shadow_time': 0.0 if shadow is None else shadow.time,
        'shadow_explained': None if shadow is None else shadow.explained,
    }


def verdict(
    facts: ArmingFacts, settings: ArmingSettings, around: Surroundings, output: CorrectionOutput
) -> Verdict:
    """Return what speaks against arming, by the pipeline itself and around it.

    Args:
        facts: What the pipeline knows.
        settings: What is accepted.
        around: What it does not.
        output: Controller and gate.
    """
    full = output.controller.full_command
    if full:  # nothing to compare it with: the measured effort is that of somebody else
        settings = replace(settings, shadow='ignore')
    found = judge(
        replace(
            facts,
            tick_time=around.tick_time,
            state_publishers=around.state_publishers,
            sink_adds=True,
            sink_has_names=True,
            subscribers=1,
        ),
        settings,
    )
    refusals = [*found.refusals, *around.refusals]
    gate = output.gate.settings
    if full and (gate.blend < 1.0 or gate.enabled_joints or gate.fade_in > 0.0):
        refusals.append(
            'The command is the whole effort, and with a share of it the robot would fall. Set '
            'gate.blend to 1, gate.fade_in to 0 and gate.enabled_joints to none.'
        )
    return Verdict(tuple(refusals), found.warnings)


def reason_to_stop(trust: TrustMonitor, gate: Gate, note: str) -> str:
    """Return why torque is to be taken back; empty if it is not.

    Args:
        trust: Watches the model.
        gate: What the torque passes.
        note: Why the prediction is not valid; empty if it is.
    """
    if note:
        return note
    if trust.dead:
        return f'These measurements stand still: {", ".join(trust.dead)}.'
    if trust.contact.disarms:
        return 'The robot was in contact for too long.'
    if gate.saturated_too_long:
        return (
            'A joint wanted more than gate.max_effort_fraction or its limits allow for '
            f'{gate.settings.saturation_time:g} s.'
        )
    return ''


def reason_of_silence(output: CorrectionOutput, step: Step) -> str:
    """Return why torque that is on its way out ends here; empty if it goes on.

    What has ended begins again only when a person arms.

    Args:
        output: Controller and gate.
        step: The newest step, with the torque that the controller made of it.
    """
    if step.torque is not None:
        finite = bool(np.isfinite(step.torque).all())
        return '' if finite else 'The controller computed torque that is not finite.'
    if output.gate.silent:
        return ''
    if output.controller.needs_reference and (step.reference is None or step.preview is None):
        return (
            'The reference was lost, or does not reach to when the correction acts. Publish it '
            'all the time, also while standing still.'
        )
    return 'The controller had nothing to say.'
