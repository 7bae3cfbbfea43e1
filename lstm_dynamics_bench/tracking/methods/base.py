# SPDX-License-Identifier: Apache-2.0
"""A method of the tracking benchmark, and what it may be tuned to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.evaluation.closed_loop.corrector import Corrector
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.sim.inner_law import InnerLaw

Settings = Mapping[str, float]
"""One choice of what can be tuned, by name."""


@dataclass(frozen=True, kw_only=True)
class GivenModels:
    """Models that methods are given beforehand, the same for every case."""

    identified: IdentifiedModel | None = None
    """The textbook model, fitted to training runs."""
    models: Mapping[str, Path] = field(default_factory=dict)
    """Model files by what they are for."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A method ready for one case: a corrector, or a control law."""

    corrector: Corrector | None = None
    """What adds torque; None for nothing."""
    law: InnerLaw | None = None
    """What replaces the robot's own controller; None leaves it."""


class Method(ABC):
    """A way to reduce the tracking error. An object keeps nothing between cases."""

    classical: ClassVar[bool] = True
    """Whether it is a baseline, rather than one of ours or a bound."""
    replaces: ClassVar[bool] = False
    """Whether it replaces the robot's own controller instead of adding to it."""
    needs_identification: ClassVar[bool] = False
    """Whether it needs the identified model."""
    title: ClassVar[str]
    """What people call it."""
    grid: ClassVar[tuple[Settings, ...]] = ({},)
    """All it may be tuned to."""
    quick_grid: ClassVar[tuple[Settings, ...] | None] = None
    """A coarser choice; None takes the whole grid."""

    @abstractmethod
    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:
        """Make it ready for one run.

        Args:
            case: The run; whatever is random in it may not be looked at.
            settings: One of the grid.
            given: What was known beforehand.
        """

    def absent(self, given: GivenModels) -> str:  # noqa: ARG002 - for those that need something
        """Return why it is left out; empty if it is not."""
        return ''


METHODS: Registry[Method] = Registry('controller of the benchmark')
"""All methods, by the name in tables and JSON."""
