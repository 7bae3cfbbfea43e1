# SPDX-License-Identifier: Apache-2.0
"""How fast recorded motion changes, and the low-pass that keeps it and little else."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.physics.identification.regressor import Measured
import numpy as np

HIGHEST = 20.0
"""Above this no arm moves, and what is seen there is noise [Hz]."""

SHARE = 0.99
"""Share of the power of the velocity below the bandwidth."""

MARGIN = 4.0
"""Cut-off over bandwidth: centrifugal and friction torque have harmonics of the motion."""

NYQUIST_SHARE = 0.8
"""Highest cut-off, in Nyquist frequencies of the grid."""


def usual_cutoff(recorded: Sequence[Measured]) -> float:
    """Return a cut-off for parallel filtering that suits recorded motion [Hz].

    Four times the frequency below which 99 % of the power of the velocity is, mean over joints.
    What encoders add is taken off: as much at every frequency as there is where no arm moves.

    Source of the idea: J. Swevers, W. Verdonck, J. De Schutter, "Dynamic model identification for
    industrial robots", IEEE Control Systems Magazine 27(5), 2007 (a cut-off some times the highest
    frequency of the excitation).

    Args:
        recorded: What was measured, on one time grid.

    Raises:
        DataError: If nothing moves.
    """
    if not recorded:
        raise DataError('Identification needs at least one recording, got none.')
    dt = recorded[0].dt
    longest = max(len(item.position) for item in recorded)
    frequency = np.fft.rfftfreq(longest, dt)
    power = np.zeros(len(frequency))
    for item in recorded:
        speed = np.diff(np.unwrap(np.nan_to_num(item.position), axis=0), axis=0)
        size = speed.std(axis=0)
        moving = speed[:, size > 0] / size[size > 0]
        window = np.hanning(len(moving))[:, None]
        spectrum = np.fft.rfft(moving * window, n=longest, axis=0)
        power += (np.abs(spectrum) ** 2).sum(axis=1)
    if not power.any():
        raise DataError('Nothing moves in the recordings, so nothing can be identified.')
    slow = frequency <= HIGHEST
    noise = float(np.median(power[~slow])) if not slow.all() else 0.0
    below = np.cumsum(power[slow] - noise)
    bandwidth = float(frequency[np.argmax(below >= SHARE * below.max())])
    return float(min(max(MARGIN * bandwidth, frequency[1]), NYQUIST_SHARE * 0.5 / dt))
