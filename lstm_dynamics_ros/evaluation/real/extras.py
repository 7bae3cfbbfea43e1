# SPDX-License-Identifier: Apache-2.0
"""What else is said of a set's models on its test trajectories, beside the published figures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lstm_dynamics_ros.evaluation.real.robot_set import Judged

Extra = Callable[[Sequence[Judged]], Mapping[str, Any]]
"""Given the models of all folds with their test trajectories; returns JSON-ready values."""

EXTRAS: dict[str, Extra | None] = {'coverage': None, 'ood': None}
"""By name in the JSON: coverage of the bands, and error over the out-of-distribution score."""


def extras_of(judged: Sequence[Judged]) -> dict[str, Mapping[str, Any] | None]:
    """Return what every extra says; None where it is not there."""
    return {name: None if extra is None else extra(judged) for name, extra in EXTRAS.items()}
