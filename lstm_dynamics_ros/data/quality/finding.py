# SPDX-License-Identifier: Apache-2.0
"""What a check found in recordings, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

SEVERITIES = ('error', 'warning', 'info')
"""The worst first. An error makes training useless, a warning makes its result doubtful."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a person should know before training."""

    severity: str
    """One of :data:`SEVERITIES`."""
    code: str
    """Short name of the check, for programs."""
    text: str
    """What is wrong and what to do about it."""


@dataclass(frozen=True, kw_only=True)
class RatedLimits:
    """What a joint can do, from the robot's data sheet or URDF."""

    lower: float = -float('inf')
    """Lowest position [rad] or [m]."""
    upper: float = float('inf')
    """Highest position [rad] or [m]."""
    effort: float = float('inf')
    """Largest effort [N m] or [N]."""


def error(code: str, text: str) -> Finding:
    """Return a finding that makes training useless."""
    return Finding(severity='error', code=code, text=text)


def warning(code: str, text: str) -> Finding:
    """Return a finding that makes its result doubtful."""
    return Finding(severity='warning', code=code, text=text)


def info(code: str, text: str) -> Finding:
    """Return a finding that is good to know."""
    return Finding(severity='info', code=code, text=text)


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence."""
    return names[0] if len(names) == 1 else f'{", ".join(names[:-1])} and {names[-1]}'
