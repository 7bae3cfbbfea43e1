# SPDX-License-Identifier: Apache-2.0
"""What is wrong with recordings, in words, before anyone trains on them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.quality.check_drive import drive_findings, Torque
from lstm_dynamics_ros.data.quality.check_effort import effort_findings
from lstm_dynamics_ros.data.quality.check_signals import signal_findings
from lstm_dynamics_ros.data.quality.check_timing import step, timing_findings
from lstm_dynamics_ros.data.quality.finding import Finding, RatedLimits, SEVERITIES
from lstm_dynamics_ros.data.quality.joint_summary import JointSummary, summarise
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.text_table import text_table
import numpy as np

__all__ = ['DataReport', 'Finding', 'JointSummary', 'RatedLimits', 'data_report']

HEAD = ('joint', 'position', 'speed', 'effort', 'moving', 'turns')
"""Columns of the table."""


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What is known of some recordings of one robot."""

    recordings: int
    duration: float
    """Time of all recordings together [s]."""
    rate: float
    """Usual rate of measurements [Hz]."""
    joints: tuple[JointSummary, ...]
    findings: tuple[Finding, ...]
    """What a person should know, the worst first."""
    counters: Mapping[str, int]
    """How often each irregularity was met while reading, over all recordings."""

    @property
    def worst(self) -> str:
        """Severity of the worst finding, empty if there is none."""
        return self.findings[0].severity if self.findings else ''

    def text(self) -> str:
        """Return the report for people."""
        plural = '' if self.recordings == 1 else 's'
        lines = [
            f'{self.recordings} recording{plural}, {self.duration:.1f} s, '
            f'{len(self.joints)} joints at {self.rate:.1f} Hz',
            '',
            text_table(HEAD, [_cells(joint) for joint in self.joints]),
            '',
        ]
        lines += [f'{f.severity} [{f.code}] {f.text}' for f in self.findings]
        return '\n'.join(lines if self.findings else [*lines, 'Nothing wrong was found.'])

    def to_json(self) -> dict[str, Any]:
        """Return the report for programs; figures that are not known are None."""
        values: dict[str, Any] = to_plain(self)
        return {
            'recordings': values['recordings'],
            'duration_s': values['duration'],
            'rate_hz': values['rate'],
            **{key: values[key] for key in ('joints', 'findings', 'counters')},
        }


def data_report(
    recordings: Recording | Sequence[Recording],
    *,
    limits: Mapping[str, RatedLimits] | None = None,
    gravity: Sequence[Matrix] | None = None,
    torque: Torque | None = None,
    effort_semantics: str = '',
    dt: float | None = None,
    window: float | None = None,
    max_gap_steps: int = 5,
) -> DataReport:
    """Check recordings of one robot.

    Args:
        recordings: One or more recordings with the same joints in the same order.
        limits: What the joints can do, by name, for those that are known.
        gravity: Torque of gravity at the positions of each recording, from a robot model; lets
            the scale of the effort be checked.
        torque: Torque of a motion by a robot model that is going to be used with the recordings;
            lets it be checked whether the effort is such a torque.
        effort_semantics: What the effort is said to be; empty for what the recordings say.
        dt: Step of the time grid [s]; None judges by the recordings' own rate.
        window: Time that one training window covers [s], if known.
        max_gap_steps: Longest hole that is bridged, in steps of ``dt``.

    Raises:
        DataError: If there is no recording.
        JointNamesError: If the recordings are not of the same joints.
    """
    items = [recordings] if isinstance(recordings, Recording) else recordings
    if not items:
        raise DataError('There is no recording to report on.')
    names = items[0].joint_names
    for item in items:
        if item.joint_names != names:
            raise JointNamesError(names, item.joint_names)
    joints = tuple(summarise(items, j) for j in range(len(names)))
    findings = [
        *timing_findings(items, dt=dt, window=window, max_gap_steps=max_gap_steps),
        *signal_findings(joints, limits),
        *effort_findings(items, joints, limits=limits, gravity=gravity),
    ]
    if torque is not None:
        findings += drive_findings(items, torque, effort_semantics=effort_semantics)
    counters: Counter[str] = Counter()
    for item in items:
        counters.update(item.counters)
    usual = np.array([step(item) for item in items])
    usual = usual[np.isfinite(usual)]
    return DataReport(
        recordings=len(items),
        duration=sum(item.duration for item in items),
        rate=1 / float(np.median(usual)) if len(usual) else math.nan,
        joints=joints,
        findings=tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity))),
        counters=dict(counters),
    )


def _cells(joint: JointSummary) -> list[str]:
    """Return a joint as a row of the table."""
    return [
        joint.name,
        f'{joint.position_min:.3f} .. {joint.position_max:.3f}',
        f'{joint.velocity_max:.2f}',
        f'{joint.effort_min:.3f} .. {joint.effort_max:.3f}',
        f'{100 * joint.moving:.0f} %',
        str(joint.reversals),
    ]
