# SPDX-License-Identifier: Apache-2.0
"""Results of killing a node in motion."""

from dataclasses import asdict, dataclass
from statistics import median

from lstm_dynamics_ros.data.text_table import text_table

HEAD = (
    'run',
    'last command [ms]',
    'safe command [ms]',
    'then',
    'nearest limit [rad, m]',
    'top speed [of limit]',
    'at the kill [of limit]',
)
"""Columns of the table."""


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
    """The runs of one test, and whether it passed."""

    command: tuple[str, ...]
    """What was killed; empty for the test source."""
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
            'command': list(self.command) or ['test source'],
            'bound_s': self.bound,
            'passed': self.passed,
            'median_s': median(run.safe_command for run in self.runs),
            'worst_s': max(run.safe_command for run in self.runs),
            'runs': [asdict(run) for run in self.runs],
        }

    def as_table(self) -> str:
        """Return a table and a verdict for a terminal."""
        rows = [
            [
                str(k),
                f'{1e3 * run.last_command:.1f}',
                f'{1e3 * run.safe_command:.1f}',
                'MOVED' if run.resumed else 'zero',
                f'{run.margin:.3f}',
                f'{run.speed:.2f}',
                f'{run.moving:.2f}',
            ]
            for k, run in enumerate(self.runs, 1)
        ]
        worst = max(run.safe_command for run in self.runs)
        middle = median(run.safe_command for run in self.runs)
        verdict = 'passed' if self.passed else 'FAILED'
        return (
            f'{text_table(HEAD, rows)}\n'
            f'Safe command after {1e3 * middle:.1f} ms (median), {1e3 * worst:.1f} ms (worst); '
            f'at most {1e3 * self.bound:g} ms: {verdict}.'
        )
