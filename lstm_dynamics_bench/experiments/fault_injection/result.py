# SPDX-License-Identifier: Apache-2.0
"""What came of killing a node in motion."""

from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class KillRun:
    """One kill. Times are counted from the signal, and measured where commands arrive."""

    last_command: float
    """When the last command of the killed node arrived [s]."""
    safe_command: float
    """When zero arrived [s]; infinity if it did not."""
    resumed: bool
    """Whether anything but zero arrived after that."""
    margin: float
    """Smallest distance of a joint from its position limits, true position [rad] or [m]."""
    speed: float
    """Largest speed as a share of the velocity limit, true velocity."""
    moving: float
    """Speed at the kill as a share of the velocity limit, of the joint fastest by that."""


@dataclass(frozen=True, kw_only=True)
class KillResult:
    """All kills."""

    command: tuple[str, ...]
    """What was killed; empty for the stand-in."""
    bound: float
    """Longest time until the safe command [s]."""
    runs: tuple[KillRun, ...]

    @property
    def passed(self) -> bool:
        """Whether the safe command was always in time, for good, and the robot within limits."""
        return bool(self.runs) and all(
            run.safe_command <= self.bound and not run.resumed and run.margin > 0.0
            for run in self.runs
        )

    def as_json(self) -> dict[str, object]:
        """Return the result as what ``json.dumps`` takes."""
        return {
            'command': list(self.command) or ['stand-in'],
            'bound_s': self.bound,
            'passed': self.passed,
            'median_s': median(run.safe_command for run in self.runs),
            'worst_s': max(run.safe_command for run in self.runs),
            'runs': [asdict(run) for run in self.runs],
        }

    def as_table(self) -> str:
        """Return the result for people."""
        lines = [
            ' run   last command   safe command   then   nearest limit   top speed   at the kill',
            '             [ms]           [ms]               [rad, m]   [of limit]   [of limit]',
        ]
        lines += [
            f'{k:4}   {1e3 * run.last_command:12.1f}   {1e3 * run.safe_command:12.1f}   '
            f'{"MOVED" if run.resumed else "zero":>5}   {run.margin:12.3f}   {run.speed:10.2f}   '
            f'{run.moving:10.2f}'
            for k, run in enumerate(self.runs, 1)
        ]
        worst = max(run.safe_command for run in self.runs)
        middle = median(run.safe_command for run in self.runs)
        verdict = 'passed' if self.passed else 'FAILED'
        lines.append(
            f'Safe command after {1e3 * middle:.1f} ms (median), {1e3 * worst:.1f} ms (worst); '
            f'at most {1e3 * self.bound:g} ms: {verdict}.'
        )
        return '\n'.join(lines)
