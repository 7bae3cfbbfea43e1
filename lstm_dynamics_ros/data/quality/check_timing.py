# SPDX-License-Identifier: Apache-2.0
"""Checks of a recording's stamps and of what was met while reading it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from lstm_dynamics_ros.core.state import NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.data.quality.finding import error, Finding, info, listed, warning
from lstm_dynamics_ros.data.recording import Recording
import numpy as np

SHORT = 20.0
"""Less than this in all is hardly enough to learn from [s]."""

JITTER = 0.2
"""Deviation from the usual step that one in twenty steps may have, relative to it."""

OFTEN = 0.01
"""Share of messages from which an irregularity is a warning."""

_COUNTED = {
    'duplicate_stamp': 'repeat the stamp of the one before and are dropped. Two publishers on one '
    'topic, or a driver that publishes faster than it measures, do that.',
    'out_of_order': 'are older than the one before and are dropped.',
    'clock_jump_back': 'come after a jump of the clock backwards, where the recording is cut.',
    'zero_stamp': 'have no stamp, so the time at which they were received is used. It jitters: '
    'stamp the messages at the robot.',
    'partial': 'carry only some of the joints and are merged with those that follow.',
    'wrong_length': 'have more or fewer values than names and are dropped.',
    'duplicate_names': 'name a joint twice and are dropped.',
    'position_not_finite': 'have a position that is not a number and are dropped.',
    'malformed': 'cannot be decoded and are dropped.',
}
_KNOWN = {
    'other_joints': 'carry none of the wanted joints.',
    'recovered': 'are rescued from a file that was never finished.',
}


def steps(recording: Recording) -> Vector:
    """Return the times between neighbouring measurements [s], repeated stamps left out."""
    stamps: Stamps = np.unique(recording.stamp_ns)
    between: Vector = (stamps[1:] - stamps[:-1]) / NANOSECONDS
    return between


def step(recording: Recording) -> float:
    """Return the usual time between measurements [s], NaN if there is but one."""
    between = steps(recording)
    return float(np.median(between)) if len(between) else float('nan')


def timing_findings(
    recordings: Sequence[Recording],
    *,
    dt: float | None = None,
    window: float | None = None,
    max_gap_steps: int = 5,
) -> list[Finding]:
    """Check stamps and counters.

    Args:
        recordings: Recordings of one robot.
        dt: Step of the grid [s]; None judges by the recordings' own rate.
        window: Time that one training window covers [s], if known.
        max_gap_steps: Longest hole that is bridged, in steps of ``dt``.
    """
    usual = np.array([step(recording) for recording in recordings])
    usual = usual[np.isfinite(usual)]
    if not len(usual):
        return [error('too_short', 'There are fewer than two measurements. Record longer.')]
    limit = (max_gap_steps + 0.5) * (dt if dt is not None else float(np.median(usual)))
    limit = max(limit, 1.5 * float(np.median(usual)))
    return [
        *_length(recordings, limit, window),
        *_rate(recordings, usual, dt),
        *_gaps(recordings, limit),
        *_copies(recordings),
        *_counted(recordings),
    ]


def _length(
    recordings: Sequence[Recording], limit: float, window: float | None
) -> Iterator[Finding]:
    total = sum(recording.duration for recording in recordings)
    whole = max(_gap_free(recording, limit) for recording in recordings)
    if window is not None and whole < window:
        yield error(
            'too_short',
            f'The longest stretch without a gap is {whole:.1f} s, but one training window '
            f'needs {window:.1f} s. Record longer, or choose a smaller washout or rollout.',
        )
    elif total < SHORT:
        yield warning(
            'too_short',
            f'There are only {total:.1f} s of data. A model needs minutes of varied motion.',
        )


def _gap_free(recording: Recording, limit: float) -> float:
    """Return the longest time without a gap [s]."""
    stamps = np.unique(recording.stamp_ns)
    cuts = np.flatnonzero(np.diff(stamps) > limit * NANOSECONDS)
    edges = [-1, *cuts.tolist(), len(stamps) - 1]
    longest = max(stamps[b] - stamps[a + 1] for a, b in pairwise(edges))
    return float(longest) / NANOSECONDS


def _rate(recordings: Sequence[Recording], usual: Vector, dt: float | None) -> Iterator[Finding]:
    median = float(np.median(usual))
    if usual.max() > 1.2 * usual.min():
        yield warning(
            'rates_differ',
            f'The recordings have different rates, from {1 / usual.max():.1f} to '
            f'{1 / usual.min():.1f} Hz. Their noise and delays differ too; train on one rate.',
        )
    if dt is not None and median > 1.5 * dt:
        yield warning(
            'slow_rate',
            f'Messages come at {1 / median:.1f} Hz, but a step of {dt:g} s wants '
            f'{1 / dt:.1f} Hz: most grid points would be interpolated. '
            f'Choose dt >= {median:.3g} s, or record faster.',
        )
    spread = np.concatenate(
        [np.abs(s - np.median(s)) / np.median(s) for r in recordings if len(s := steps(r))]
    )
    jitter = float(np.quantile(spread[spread < 2], 0.95)) if (spread < 2).any() else 0.0
    if jitter > JITTER:
        yield warning(
            'rate_jitter',
            f'One step in twenty is off the usual {1e3 * median:.2f} ms by more than '
            f'{100 * jitter:.0f} %. Stamp the messages when the robot is measured, not when '
            'they are sent or received.',
        )


def _gaps(recordings: Sequence[Recording], limit: float) -> Iterator[Finding]:
    gaps = [
        (float(gap), recording.name, at)
        for recording in recordings
        for at, gap in enumerate(steps(recording))
        if gap > limit
    ]
    if gaps:
        size, name, at = max(gaps)
        stamps = next(np.unique(item.stamp_ns) for item in recordings if item.name == name)
        when = float(stamps[at] - stamps[0]) / NANOSECONDS
        yield warning(
            'gaps',
            f'There are {len(gaps)} gaps longer than {limit:.3g} s, where the recording is cut; '
            f'the longest is {size:.3g} s, {when:.1f} s into {name}. '
            'Look for a lossy network or an overloaded recorder.',
        )


def _copies(recordings: Sequence[Recording]) -> Iterator[Finding]:
    names: dict[str, list[str]] = {}
    for recording in recordings:
        if recording.sha256:
            names.setdefault(recording.sha256, []).append(recording.name)
    for same in names.values():
        if len(same) > 1:
            yield warning(
                'copies',
                f'{listed(same)} hold the same data. If one is held back, the model is judged on '
                'what it was trained on; leave the copies out.',
            )


def _counted(recordings: Sequence[Recording]) -> Iterator[Finding]:
    counters: Counter[str] = Counter()
    for recording in recordings:
        counters.update(recording.counters)
    total = max(1, sum(len(recording) for recording in recordings))
    for code, text in (_COUNTED | _KNOWN).items():
        if count := counters[code]:
            kind = warning if code in _COUNTED and count > OFTEN * total else info
            yield kind(code, f'{count} messages {text}')
