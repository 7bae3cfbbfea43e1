# SPDX-License-Identifier: Apache-2.0
"""The latency of every joint of a recording, and what can be said of it in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS
from lstm_dynamics_ros.data.quality.latency import Band, Delay, estimate_delay
from lstm_dynamics_ros.data.recording import Recording, Track
from lstm_dynamics_ros.data.text_table import text_table
import numpy as np

DRIVE_BAND = Band(8.0, 80.0, 2.0)
"""Above what a position loop answers to, below what joint states hold."""

TRACKING_BAND = Band(0.1, 5.0, 8.0)
"""What references hold."""

LEAST_COHERENCE = 0.3
"""Below, other causes drown the command."""

MOST_OTHERS = 0.7
"""Above, the correlation has no single peak."""

MOST_LEADING = 0.6
"""Above, the command follows the measurement."""

MOST_ERROR = 0.0015
"""Above, parts of the recording disagree too much [s]."""

AGREEMENT = 0.002
"""Joints that differ by less are one robot with one latency [s]."""

GAINS = (0.3, 3.0)
"""Between, the effort is taken to be what was commanded, in the same unit."""

COLUMNS: dict[str, Callable[[Delay], str]] = {
    'delay [ms]': lambda delay: f'{1e3 * delay.seconds:.2f}',
    '+- [ms]': lambda delay: f'{1e3 * delay.error:.2f}',
    'dead time [ms]': lambda delay: f'{1e3 * delay.dead:.1f}',
    'lag [ms]': lambda delay: f'{1e3 * delay.lag:.1f}',
    'gain': lambda delay: f'{delay.gain:.2f}',
    'coherence': lambda delay: f'{delay.coherence:.2f}',
    'others': lambda delay: f'{delay.others:.2f}',
}
"""Figures of a joint, by title."""


@dataclass(frozen=True, kw_only=True)
class LatencyReport:
    """Delays of the joints, and one for the robot."""

    what: str
    """From what to what."""
    delays: Mapping[str, Delay]
    """By joint, where one could be estimated."""
    problems: Mapping[str, str]
    """Why a joint does not count, by joint."""
    notes: tuple[str, ...]
    """What else should be known."""
    hold: float
    """Time a command stays as it is [s]; zero where it does not."""

    @property
    def usable(self) -> tuple[str, ...]:
        """The joints that count."""
        return tuple(name for name in self.delays if name not in self.problems)

    @property
    def seconds(self) -> float | None:
        """Median delay of the joints that count [s]; None without any."""
        found = [self.delays[name].seconds for name in self.usable]
        return float(np.median(found)) if found else None

    @property
    def latency(self) -> float | None:
        """What to preview by [s]: the delay, and half the time a command is held."""
        return None if self.seconds is None else self.seconds + 0.5 * self.hold

    def steps(self, dt: float) -> int | None:
        """Return the latency in whole steps of a model, at least one.

        Args:
            dt: The model's step [s].
        """
        return None if self.latency is None else max(1, round(self.latency / dt))

    def text(self, dt: float) -> str:
        """Return a table and what follows from it.

        Args:
            dt: The model's step [s].
        """
        rows = [
            (
                name,
                *(show(delay) for show in COLUMNS.values()),
                'yes' if name in self.usable else 'no',
            )
            for name, delay in self.delays.items()
        ]
        lines = [self.what, text_table(('joint', *COLUMNS, 'counts'), rows)]
        lines += [f'! {name}: {problem}' for name, problem in self.problems.items()]
        lines += [f'- {note}' for note in self.notes]
        if self.seconds is None or self.latency is None:
            return '\n'.join([*lines, 'These data cannot tell the latency.'])
        if self.hold:
            lines.append(
                f'Delay {1e3 * self.seconds:.1f} ms; a command is held {1e3 * self.hold:.1f} ms, '
                f'so on average it acts {1e3 * self.latency:.1f} ms after it was sent: '
                f'latency {self.latency:.4f} s, {self.steps(dt)} steps of {1e3 * dt:g} ms.'
            )
        else:
            lines.append(f'Delay {1e3 * self.seconds:.1f} ms.')
        return '\n'.join(lines)

    def to_json(self, dt: float) -> dict[str, object]:
        """Return everything for ``--json``; infinite and missing values become None."""
        figures: dict[str, object] = to_plain(
            {
                'what': self.what,
                'delay_s': self.seconds,
                'hold_s': self.hold,
                'latency_s': self.latency,
                'latency_steps': self.steps(dt),
                'dt_s': dt,
                'joints': self.delays,
                'problems': self.problems,
                'notes': self.notes,
            }
        )
        return figures


def command_latency(recording: Recording) -> LatencyReport:
    """Return how much later the measured effort follows the command.

    Args:
        recording: Joint states with effort, and the command that was sent.

    Raises:
        DataError: If it has no command, or no effort.
        TooShortError: If they overlap for too short a time.
    """
    command = recording.command
    if command is None:
        raise DataError(
            f'{recording.name} has no command. Record its topic too (record --command TOPIC), '
            'while a probe runs: see docs/excite.md.'
        )
    stamps = np.unique(command.stamp_ns)
    hold = float(np.median(np.diff(stamps))) / NANOSECONDS if len(stamps) > 1 else 0.0
    delays, problems = _estimates(recording, command, 'effort', DRIVE_BAND)
    problems |= {name: why for name, delay in delays.items() if (why := _doubt(delay))}
    notes = _notes({name: delays[name] for name in delays if name not in problems})
    return LatencyReport(
        what=f'{recording.name}: from command to measured effort',
        delays=delays,
        problems=problems,
        notes=notes,
        hold=hold,
    )


def tracking_latency(recording: Recording) -> LatencyReport:
    """Return how much later the measured velocity follows that of the reference.

    It is what the robot's own loop leaves, not what a correction has to look ahead by, except
    where the command *is* a position.

    Raises:
        DataError: If the recording has no reference.
        TooShortError: If it is too short.
    """
    reference = recording.reference
    if reference is None:
        raise DataError(f'{recording.name} has no reference. Record its topic too (--reference).')
    delays, problems = _estimates(recording, reference, 'velocity', TRACKING_BAND, held=False)
    for name, delay in delays.items():
        if delay.coherence < LEAST_COHERENCE or delay.gain <= 0:
            problems[name] = 'its velocity does not follow the reference.'
    return LatencyReport(
        what=f'{recording.name}: from reference to measured velocity',
        delays=delays,
        problems=problems,
        notes=(),
        hold=0.0,
    )


def _estimates(
    recording: Recording, track: Track, kind: str, band: Band, *, held: bool = True
) -> tuple[dict[str, Delay], dict[str, str]]:
    """Return delays by joint, and why others have none."""
    stamps, rows = np.unique(track.stamp_ns, return_index=True)
    measured_ns, measured_rows = np.unique(recording.stamp_ns, return_index=True)
    measured: Matrix = getattr(recording, kind)[measured_rows]
    caused: Matrix = getattr(track, kind)[rows]
    if np.isnan(measured).all():
        raise DataError(f'{recording.name} has no measured {kind}.')
    rate = NANOSECONDS / float(np.median(np.diff(measured_ns)))
    band = band._replace(high=min(band.high, 0.3 * rate))
    if band.high < 2.0 * band.low:
        raise DataError(
            f'{recording.name} has joint states at {rate:.0f} Hz, too slow: the latency shows '
            f'above {band.low:g} Hz. Record at 60 Hz or more.'
        )
    delays: dict[str, Delay] = {}
    problems: dict[str, str] = {}
    for j, name in enumerate(recording.joint_names):
        if name not in track.joint_names:
            problems[name] = 'it has no command.'
            continue
        cause, effect = caused[:, track.joint_names.index(name)], measured[:, j]
        known, seen = np.isfinite(cause), np.isfinite(effect)
        if not known.any() or not np.ptp(cause[known]) or not seen.any():
            problems[name] = 'its command never changes, or nothing was measured.'
            continue
        delays[name] = estimate_delay(
            stamps[known],
            cause[known],
            measured_ns[seen],
            effect[seen],
            band,
            held=held,
            gain=1.0 if held else None,
        )
    return delays, problems


def _doubt(delay: Delay) -> str:
    """Return why a delay is not believed, empty if it is."""
    checks = (
        (
            delay.coherence < LEAST_COHERENCE,
            f'the command explains at most {delay.coherence:.0%} of the effort. '
            'A larger probe or a slower motion helps.',
        ),
        (
            delay.seconds <= 0 or delay.leading > MOST_LEADING,
            'the effort leads the command: it follows the measurements. Add a probe to it.',
        ),
        (delay.gain < 0, 'the effort has the opposite sign.'),
        (delay.others > MOST_OTHERS, 'no single delay fits better than others.'),
        (
            delay.error > MOST_ERROR,
            f'parts of the recording differ by +-{1e3 * delay.error:.1f} ms. Record longer.',
        ),
    )
    return next((sentence for holds, sentence in checks if holds), '')


def _notes(delays: Mapping[str, Delay]) -> tuple[str, ...]:
    """Return what else should be known of delays that are believed."""
    notes = [
        f'{name}: the effort is {delay.gain:.2g} times the command. Is it a motor current?'
        for name, delay in delays.items()
        if not GAINS[0] < delay.gain < GAINS[1]
    ]
    seconds = [delay.seconds for delay in delays.values()]
    if seconds and max(seconds) - min(seconds) > AGREEMENT:
        notes.append(
            f'The joints differ by {1e3 * (max(seconds) - min(seconds)):.1f} ms; one latency for '
            'all of them is a compromise.'
        )
    return tuple(notes)
