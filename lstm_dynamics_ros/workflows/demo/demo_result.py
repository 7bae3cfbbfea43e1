# SPDX-License-Identifier: Apache-2.0
"""What a demo has seen, and how it is made from the streams."""

from dataclasses import dataclass
import time
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.workflows.live.observer import Observer, Stream
import numpy as np

ROBOT_PERIOD_NS = 1_000_000
"""Time between two joint states of an embedded robot [ns]."""


class Stretch(NamedTuple):
    """A part of what was seen, by stamps."""

    begin_ns: int = 0
    """First stamp [ns]."""
    end_ns: int = 2**63 - 1
    """First stamp after it [ns]."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What was seen between the first warm prediction and the end."""

    duration: float
    """Length of what was seen [s]; shorter than asked for after Ctrl-C."""
    joint_states_hz: float
    prediction_hz: float
    latency_us: dict[str, float]
    """From the receipt of a joint state to the publication, in the node: p50, p99, max [us]."""
    ages_us: Vector
    """From the stamp of each measurement to the arrival of the prediction made from it here."""
    missed_ticks: int
    """Control points without a prediction."""
    lost_joint_states: int
    """Joint states that did not arrive here."""
    measured: Stream
    truth: Stream
    predicted: Stream
    """Its stamps are the times the predictions are for."""
    joint_types: tuple[str, ...]
    effect: CorrectionEffect | None = None
    """Tracking before and after arming; None without a correction, or if stopped before."""
    shadow: float | None = None
    """Share of the disturbance that the correction would have taken away, before it was armed."""

    @property
    def end_to_end_us(self) -> dict[str, float]:
        """Percentiles of ``ages_us``."""
        values = np.percentile(self.ages_us, [50, 99, 100])
        return dict(zip(('p50', 'p99', 'max'), (float(value) for value in values), strict=True))

    @property
    def before(self) -> Stretch:
        """Where nothing was corrected."""
        return Stretch() if self.effect is None else Stretch(end_ns=self.effect.asked_ns)

    @property
    def after(self) -> Stretch | None:
        """Where the correction had faded in; None without one."""
        return None if self.effect is None else Stretch(begin_ns=self.effect.begin_ns)

    def recording(self, stretch: Stretch | None = None) -> Recording:
        """Return what was measured, or a stretch of it, as a recording."""
        return _recording(self.measured, self.joint_types, stretch or Stretch())

    def true_recording(self, stretch: Stretch | None = None) -> Recording:
        """Return simulator truth as a recording. For scoring only."""
        return _recording(self.truth, self.joint_types, stretch or Stretch())


def demo_result(
    observer: Observer,
    *,
    duration: float,
    dt: float,
    joint_types: tuple[str, ...],
    effect: CorrectionEffect | None,
    shadow: float | None,
) -> DemoResult:
    """Return what was seen.

    Args:
        observer: Has kept the messages.
        duration: Length of what was seen [s].
        dt: Step of the forward model [s].
        joint_types: Types of its joints.
        effect: Tracking before and after arming, if there was any.
        shadow: Score of the correction before it was armed, if there was any.
    """
    measured, predicted, truth = (
        observer.stream(name) for name in ('measured', 'predicted', 'truth')
    )
    prediction = observer.diagnostics.get('prediction', {})
    return DemoResult(
        duration=duration,
        joint_states_hz=measured.rate,
        prediction_hz=predicted.rate,
        latency_us={
            name: float(prediction.get(f'latency_us_{name}', 'nan'))
            for name in ('p50', 'p99', 'max')
        },
        ages_us=_ages(predicted, dt),
        missed_ticks=_missing(predicted, nanoseconds(dt)),
        lost_joint_states=_missing(measured, ROBOT_PERIOD_NS),
        measured=measured,
        truth=truth,
        predicted=predicted,
        joint_types=joint_types,
        effect=effect,
        shadow=shadow,
    )


def _ages(predicted: Stream, dt: float) -> Vector:
    """Return how old measurements were when their predictions arrived [us], shape (n,)."""
    wall = time.time_ns() - nanoseconds(time.monotonic())
    arrival = predicted.arrival * 1e6 + wall / 1e3
    ages: Vector = arrival - (predicted.stamp_ns - nanoseconds(dt)) / 1e3
    return ages


def _missing(stream: Stream, period_ns: int) -> int:
    """Return how many messages are missing between the first and the last."""
    if not len(stream):
        return 0
    steps = round((int(stream.stamp_ns[-1]) - int(stream.stamp_ns[0])) / period_ns)
    return max(0, steps + 1 - len(stream))


def _recording(stream: Stream, joint_types: tuple[str, ...], stretch: Stretch) -> Recording:
    rows = (stream.stamp_ns >= stretch.begin_ns) & (stream.stamp_ns < stretch.end_ns)
    return Recording(
        name='demo',
        joint_names=stream.joint_names,
        joint_types=joint_types,
        stamp_ns=stream.stamp_ns[rows],
        position=stream.position[rows],
        velocity=stream.velocity[rows],
        effort=stream.effort[rows],
    )
