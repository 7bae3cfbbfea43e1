# SPDX-License-Identifier: Apache-2.0
"""Options of the benchmark on published recordings."""

from dataclasses import dataclass
from pathlib import Path

from lstm_dynamics_ros.workflows.options import EngineOptions


@dataclass(kw_only=True)
class RealOptions(EngineOptions):
    """What is run, and where it is kept."""

    data: Path = Path('../shared/data')
    """Folder of the sets, with reference.py. Its code is run."""
    sets: tuple[str, ...] = ()
    """Run only these sets."""
    seeds: tuple[int, ...] = (0,)
    """Seeds to train with. Several give a mean and its spread."""
    settings: Path | None = None
    """Folder with the training settings <set>.yaml; config/training/real by default."""
    budget: float = 0.0
    """Time to choose each model in, on two cores [min], instead of training what its settings say;
    0 chooses models without settings alone, in what `train` takes by default."""
    cache: Path | None = None
    """Where bags, models and scores are kept; ~/.cache/lstm_dynamics_ros/real by default."""
    retrain: bool = False
    """Train and score anew what is kept already."""
