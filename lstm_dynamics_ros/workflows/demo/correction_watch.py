# SPDX-License-Identifier: Apache-2.0
"""Before and after: watches a robot repeat a motion, and has the correction armed half way."""

from collections.abc import Sequence
import math
import time

from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from lstm_dynamics_ros.ros.topics.interfaces import COMMAND
from lstm_dynamics_ros.workflows.live.correction_process import CorrectionProcess
from lstm_dynamics_ros.workflows.live.observer import Observer
from lstm_dynamics_ros.workflows.live.tracking_watch import stamp_of, TrackingWatch
import numpy as np
from rclpy.serialization import deserialize_message

FADE_IN = 1.0
"""Time from arming to the whole correction [s]."""

MARGIN = 0.1
"""Time that is waited for the last messages [s]."""


class CorrectionWatch:
    """One period without correction, then it is armed, then one period with it.

    Args:
        observer: Keeps the messages.
        correction: What is armed.
        period: Time after which the motion repeats [s].
        patience: Longest time to ask for arming [s].
    """

    def __init__(
        self, observer: Observer, correction: CorrectionProcess, *, period: float, patience: float
    ) -> None:
        self._observer, self._correction = observer, correction
        self._period, self._patience = period, patience
        self._tracking = TrackingWatch(observer)
        self._begin = math.inf
        self._asked_ns: int | None = None
        self._armed_ns: int | None = None
        self.shadow: float | None = None
        """Score of the correction before it was armed."""

    @property
    def ready(self) -> bool:
        """Whether the correction is computed."""
        return self._correction.ready and self._observer.count('reference') > 0

    def begin(self) -> None:
        """Start to watch, when the observer starts to keep anew."""
        self._tracking.forget()
        self._begin = time.monotonic()

    def update(self) -> None:
        """Take in what has come, and arm when it is time.

        Raises:
            DataError: If arming is refused for too long, or the correction is revoked.
        """
        if not math.isfinite(self._begin):
            return
        self._tracking.update()
        since = self._begin + self._period + MARGIN
        if self._armed_ns is not None:
            self._correction.check()
        elif time.monotonic() > since and self._now_ns is not None:
            refusals = self._correction.refusals
            if self._correction.arm(self._patience, since):
                self._armed_ns = self._now_ns
            if self._asked_ns is None or self._correction.refusals > refusals:
                self._asked_ns = self._now_ns
        else:
            self.shadow = self._correction.shadow

    @property
    def stage(self) -> str:
        """What is being done, for people."""
        if self._armed_ns is not None:
            return 'with correction'
        return 'without correction' if self._asked_ns is None else 'arming'

    @property
    def finished(self) -> bool:
        """Whether a whole period was seen with the correction."""
        now, asked = self._now_ns, self._asked_ns
        if self._armed_ns is None or now is None or asked is None:
            return False
        return now > asked + (self._period + MARGIN) * NANOSECONDS

    def why(self) -> str:
        """Return what the correcting node says about itself."""
        return self._correction.why()

    def columns(self) -> dict[str, Sequence[float]]:
        """Return what the live view shows per joint."""
        newest = self._tracking.newest
        columns: dict[str, Sequence[float]] = {}
        if newest is not None:
            columns['error mrad'] = list(1e3 * newest)
        commands = self._observer.kept('command', -1)
        if commands and self._armed_ns is not None:
            torque = deserialize_message(commands[-1].raw, COMMAND.type).data
            columns['corr. N m'] = list(torque)
        elif newest is not None:
            columns['corr. N m'] = [0.0] * len(newest)
        return columns

    def values(self) -> dict[str, str]:
        """Return what the live view shows of all joints."""
        now = self._now_ns or 0
        asked = self._asked_ns or now + 1
        values = {
            'state': str(self._correction.state['state']),
            'tracking error [mrad]: now': self._error(now - NANOSECONDS // 2, now + 1),
            'before': self._error(0, asked),
        }
        if self._armed_ns is not None:
            faded = self._armed_ns + round(FADE_IN * NANOSECONDS)
            values['after'] = self._error(faded, now + 1)
        return values

    def effect(self) -> CorrectionEffect | None:
        """Return the errors before and after; None if it was stopped before there were any."""
        if self._asked_ns is None or self._armed_ns is None:
            return None
        self._tracking.update()
        stamps, errors = self._tracking.errors()
        truth = self._observer.kept('truth')
        arrival, torque = self._observer.commands()
        when = np.interp(
            arrival, [item.arrival for item in truth], [stamp_of(item.raw) for item in truth]
        )
        first = self._observer.newest('truth')
        effect = CorrectionEffect(
            joint_names=() if first is None else tuple(first.name),
            stamp_ns=stamps,
            error=errors,
            torque_stamp_ns=when.astype(np.int64),
            torque=torque,
            asked_ns=self._asked_ns,
            armed_ns=self._armed_ns,
            fade_in=FADE_IN,
            period=self._period,
        )
        return effect if effect.complete else None

    @property
    def _now_ns(self) -> int | None:
        """Newest stamp of the robot [ns]; None before the first."""
        newest = self._observer.kept('truth', -1)
        return stamp_of(newest[-1].raw) if newest else None

    def _error(self, begin_ns: int, end_ns: int) -> str:
        """Return the RMS error of a stretch over all joints, for people."""
        return f'{1e3 * self._tracking.rms(begin_ns, end_ns):.2f}'
