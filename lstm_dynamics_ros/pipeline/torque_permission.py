# SPDX-License-Identifier: Apache-2.0
"""Whether torque is allowed: by a person alone, and until anything speaks against it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.pipeline.correction import CorrectionOutput
from lstm_dynamics_ros.pipeline.settings import SafetySettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.pipeline.trust_monitor import TrustMonitor
from lstm_dynamics_ros.safety.arming import ArmingFacts, ArmingSettings, judge, unfit_model
from lstm_dynamics_ros.safety.state import Event, State, StateMachine

LONGEST_RECOVERY = 1.0
"""How long a model may need to be warm again after torque was revoked, beside its washout [s];
longer is a fault."""

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


class TorquePermission:
    """Allows torque on request, revokes it, and remembers why.

    Args:
        card: Card of the model.
        machine: State of the node.
        safety: What arming needs; may be replaced.
        state_input: Knows what is missing of the joint states.
        trust_monitor: Watches the model.
        output: Controller, score and gate.
    """

    def __init__(
        self,
        card: ModelCard,
        machine: StateMachine,
        safety: SafetySettings,
        state_input: StateInput,
        trust_monitor: TrustMonitor,
        output: CorrectionOutput,
    ) -> None:
        self.safety = safety
        self.revoked_because = ''
        """Why torque was revoked since the last arming; empty if it was not."""
        self.count = 0
        """How often torque was revoked."""
        self._card = card
        self._machine = machine
        self._state_input = state_input
        self._trust = trust_monitor
        self._output = output
        self._recovering = 0
        self._longest = card.washout_steps * card.dt + LONGEST_RECOVERY

    def grant(
        self, newest: Step | None, note: str, period: float, around: Surroundings
    ) -> tuple[str, ...]:
        """Allow torque, if nothing speaks against it.

        Args:
            newest: The newest control point; None before the first.
            note: Why predictions are not valid; empty if they are.
            period: Control period [s].
            around: What the pipeline cannot know.

        Returns:
            What a person should read although it is no reason to refuse.

        Raises:
            ArmRefusedError: With all reasons.
        """
        settings, gate = self.safety.arming, self._output.gate.settings
        full = self._output.controller.full_command
        if full:  # nothing to compare it with: the measured effort is that of somebody else
            settings = replace(settings, shadow='ignore')
        found = judge(self._facts(newest, note, period, around), settings)
        refusals = [*found.refusals, *around.refusals]
        if full and (gate.blend < 1.0 or gate.enabled_joints or gate.fade_in > 0.0):
            refusals.append(
                'The command is the whole effort, and with a share of it the robot would fall. '
                'Set gate.blend to 1, gate.fade_in to 0 and gate.enabled_joints to none.'
            )
        self._machine.arm(refusals)
        self.revoked_because = ''
        return found.warnings

    def _facts(
        self, newest: Step | None, note: str, period: float, around: Surroundings
    ) -> ArmingFacts:
        """Return everything that is looked at before torque is allowed."""
        card, output, machine = self._card, self._output, self._machine
        controller, gate, shadow = output.controller, output.gate, output.shadow
        types = zip(card.joint_names, card.joint_types, strict=True)
        rate_known = self._state_input.message_period is not None
        age = None
        if newest is not None and output.referred_ns is not None:
            age = (newest.stamp_ns - output.referred_ns) / NANOSECONDS
        return ArmingFacts(
            joint_names=card.joint_names,
            state=machine.state,
            fault=machine.fault,
            note=note if rate_known else '',
            effort_missing=self._state_input.effort_missing(),
            rate_known=rate_known,
            outside_range=() if newest is None else newest.outside_range,
            position=None if newest is None else newest.measured.position,
            period=period,
            frozen=self._trust.dead,
            controller=controller.name,
            computes_torque=controller.computes_torque,
            needs_reference=controller.needs_reference,
            reference_age=age,
            reference_covers=output.covered,
            limits=gate.limits,
            continuous=[name for name, kind in types if kind == 'continuous'],
            feedback_gain=feedback_gain(card),
            washout=card.washout_steps * card.dt,
            blend=gate.settings.blend,
            enabled_joints=gate.settings.enabled_joints,
            shadow_time=0.0 if shadow is None else shadow.time,
            shadow_explained=None if shadow is None else shadow.explained,
            tick_time=around.tick_time,
            state_publishers=around.state_publishers,
            sink_adds=True,
            sink_has_names=True,
            subscribers=1,
        )

    def revoke(self, reason: str) -> None:
        """Disarm because of something that a person should know, unless it is empty."""
        if reason and self._machine.state in {State.ARMED, State.DEGRADED}:
            self.note_loss(reason)
            self.disarm()

    def note_loss(self, reason: str) -> None:
        """Remember why torque was revoked."""
        self.revoked_because = reason
        self.count += 1

    def disarm(self) -> None:
        """Revoke torque; the safe command follows. Never refused; a fault stays."""
        if self._machine.state in {State.ARMED, State.DEGRADED}:
            self._machine.on(Event.DISARM)

    def review(self, step: Step) -> None:
        """Revoke torque if something in a step speaks against it."""
        if self._machine.state is State.ARMED:
            self.revoke(
                self._reason_to_stop(step)
                or self._state_input.effort_missing()
                or self._reason_of_silence(step)
            )

    def _reason_to_stop(self, step: Step) -> str:
        """Return why torque is to be revoked; empty if it is not."""
        gate, trust = self._output.gate, self._trust
        if step.note:
            return step.note
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

    def _reason_of_silence(self, step: Step) -> str:
        """Return why torque that is on its way out ends here; empty if it goes on.

        What has ended begins again only when a person arms.
        """
        if step.torque is not None:
            finite = all(map(math.isfinite, step.torque.tolist()))
            return '' if finite else 'The controller computed torque that is not finite.'
        if self._output.gate.silent:
            return ''
        unknown = step.reference is None or step.preview is None
        if self._output.controller.needs_reference and unknown:
            return (
                'The reference was lost, or does not reach to when the correction acts. Publish '
                'it all the time, also while standing still.'
            )
        return 'The controller had nothing to say.'

    def count_recovery(self) -> None:
        """Count a grid point after which the model is not warm again, if it is not."""
        recovers = self._machine.state is State.DEGRADED
        self._recovering = self._recovering + 1 if recovers else 0

    def bound_recovery(self) -> None:
        """Make it a fault if the model is not warm in time after torque was revoked."""
        if self._machine.state is not State.DEGRADED:
            return
        taken = self._state_input
        if self._recovering * self._card.dt + taken.missing > self._longest:
            now = taken.waiting_for() if taken.lost else ''
            self._machine.fail(
                f'The model was not warm again within {self._longest:.3g} s after torque was '
                f'revoked. {now or self.revoked_because}'
            )
