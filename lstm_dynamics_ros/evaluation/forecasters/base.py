# SPDX-License-Identifier: Apache-2.0
"""Base class of forecasters: many forecasts of one segment in one call.

A forecast with start s and horizon k has seen the rows up to and including s and says what row
s + k holds. Two modes say what it may know of the effort after s:

- ``known_torque``: the efforts up to row s + k - 1, given to every forecaster alike;
- ``causal``: nothing after row s.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
from numpy.typing import NDArray

KNOWN_TORQUE = 'known_torque'
CAUSAL = 'causal'
MODES = (KNOWN_TORQUE, CAUSAL)
"""What a forecaster may know of the effort after the start."""

Starts = NDArray[np.int64]
"""Rows of a segment from which forecasts are made, shape (n_starts,)."""

Forecasts = dict[str, NDArray[np.float64]]
"""By signal kind, shape (n_starts, n_horizons, n_joints), SI units."""


class Forecaster(ABC):
    """Predicts rows of a segment from the rows before them."""

    name: str
    """Name in tables and in JSON."""
    kinds: tuple[str, ...] = ('position', 'velocity')
    """Signal kinds it forecasts."""
    required_steps: int = 1
    """Rows up to and including a start without which there is no forecast [steps]."""
    lookback_steps: int = 1
    """Rows up to and including a start for the forecast to be at its best [steps]."""
    effort_source: str = 'none'
    """What stands in for the unknown effort in causal mode: held, predicted, or none used."""

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What was chosen when it was fitted, by name; empty if there was nothing to choose."""
        return {}

    @abstractmethod
    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        """Return what rows ``start + horizon`` will hold, for every start and horizon.

        Args:
            segment: Gap-free rows on the time grid.
            starts: Last row seen by each forecast, shape (n_starts,), in rising order.
            horizons: How far ahead [steps], each >= 1.
            mode: One of :data:`MODES`.

        Returns:
            ``position`` and ``velocity`` (and ``effort`` where predicted); infinite from where
            a free run diverged.

        Raises:
            ConfigError: If a start or horizon lies outside the segment.
            UnknownNameError: If ``mode`` is none of :data:`MODES`.
        """

    def candidates(self, mode: str) -> tuple['Forecaster', ...]:
        """Return the variants that may stand for this forecaster in ``mode``; the best counts."""
        del mode  # One variant, whatever the mode.
        return (self,)


def chosen_text(name: str, chosen: Mapping[str, Any]) -> str:
    """Return what was chosen for a baseline in words."""
    shown = {
        k: ('yes' if v else 'no') if isinstance(v, bool) else f'{v:g}' for k, v in chosen.items()
    }
    return f'{name}: ' + ', '.join(f'{key} {value}' for key, value in shown.items())


FORECASTERS: Registry[Forecaster] = Registry('forecaster')
"""Forecasters by name."""


def check_request(
    segment: Segment, starts: Starts, horizons: Sequence[int], mode: str, required: int
) -> None:
    """Raise unless every start has its past, and its furthest known effort, inside the segment.

    The target row itself may lie one past the end: the last one-step forecast of a segment.
    """
    if mode not in MODES:
        raise UnknownNameError('mode', mode, MODES)
    if len(starts) == 0 or len(horizons) == 0 or min(horizons) < 1:
        raise ConfigError(f'Need starts and horizons >= 1, got {len(starts)} and {horizons}.')
    first, last = int(starts.min()), int(starts.max())
    reach = max(horizons) - 1 if mode == KNOWN_TORQUE else 0
    if first < required - 1 or last + reach >= len(segment):
        raise ConfigError(
            f'Starts must lie in [{required - 1}, {len(segment) - reach - 1}] for {required} rows '
            f'of past and {reach} of known effort, got {first} to {last} in {segment.name}.'
        )
