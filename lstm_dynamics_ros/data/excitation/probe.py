# SPDX-License-Identifier: Apache-2.0
"""A small torque on top of the correction, by which the delay of the drives can be measured.

It is independent of everything measured, so what follows it can only be its effect, even in a
closed loop.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk
import numpy as np

PROBES = ('prbs', 'multi_sine')
"""Kinds of probe."""

LARGEST_SHARE = 0.1
"""Largest share of the effort limits."""

REGISTER = 11
"""Bits of the shift register; its sequence repeats after 2^11 - 1 chips."""

TAPS = (11, 9)
"""Feedback of the register, whose sequence is of maximal length."""

BAND = (3.0, 60.0)
"""Frequencies of the multi-sine [Hz]."""

FADE = 0.5
"""Longest time to swell and to fade [s]."""


def probe(
    effort_limits: Sequence[float] | Vector,
    *,
    duration: float,
    period: float = 0.005,
    share: float = 0.02,
    kind: str = 'prbs',
    chip: int = 2,
) -> Matrix:
    """Return a probing torque that swells from zero and fades to zero.

    Sources: S. Golomb, Shift Register Sequences, 1967 (binary sequence of maximal length);
    M. Schroeder, Synthesis of low-peak-factor signals, IEEE T-IT 16, 1970 (phases of the sines).

    Args:
        effort_limits: Largest efforts of the joints [N m] or [N] (n_joints,).
        duration: How long it takes [s].
        period: Time between rows, the control period [s].
        share: Its amplitude as a share of the effort limits.
        kind: ``prbs``, the sharper, or ``multi_sine``, the gentler on gears.
        chip: Rows a binary value lasts.

    Returns:
        Efforts to add, one row per period [N m] or [N] (n_steps, n_joints). The joints' signals
        are shifted against each other, or hold frequencies of their own, so that their effects
        can be separated.

    Raises:
        UnknownNameError: If there is no such kind.
        ConfigError: If a number is out of range.
    """
    limits = np.asarray(effort_limits, np.float64)
    if kind not in PROBES:
        raise UnknownNameError('probe', kind, PROBES)
    if not 0.0 < share <= LARGEST_SHARE:
        raise ConfigError(
            f'A probe may take at most {LARGEST_SHARE:.0%} of the effort limits, got {share:.3g}.'
        )
    if not (np.isfinite(limits) & (limits > 0)).all():
        raise ConfigError(f'A probe needs the effort limit of every joint, got {limits.tolist()}.')
    if not period > 0 or duration < 4 * period or chip < 1:
        raise ConfigError(
            'A probe needs a period > 0, at least four periods and chips of one period or more, '
            f'got {period} s, {duration} s and {chip}.'
        )
    n_steps = round(duration / period)
    n_joints = len(limits)
    if kind == 'prbs':
        signal = _prbs(n_steps, n_joints, chip)
    else:
        signal = _multi_sine(n_steps, n_joints, period)
    time = np.arange(n_steps, dtype=np.float64) * period
    fade = min(FADE, 0.25 * duration)
    swell = minimum_jerk(time / fade)[0] * minimum_jerk((time[-1] - time) / fade)[0]
    return np.asarray(share * limits * swell[:, None] * signal, np.float64)


def _prbs(n_steps: int, n_joints: int, chip: int) -> Matrix:
    """Return shifted binary sequences of +-1 (n_steps, n_joints)."""
    length = 2**REGISTER - 1
    register = [1] * REGISTER
    bits = np.empty(length)
    for k in range(length):
        bits[k] = register[-1]
        new = register[TAPS[0] - 1] ^ register[TAPS[1] - 1]
        register = [new, *register[:-1]]
    shift = length // n_joints
    place = np.arange(n_steps)[:, None] // chip + shift * np.arange(n_joints)
    return np.asarray(2.0 * bits[place % length] - 1.0)


def _multi_sine(n_steps: int, n_joints: int, period: float) -> Matrix:
    """Return sines of interleaved frequencies and Schroeder's phases, at most 1."""
    base = 1.0 / (n_steps * period)
    top = min(BAND[1], 0.4 / period)
    numbers = np.arange(max(1, int(np.ceil(BAND[0] / base))), int(top / base) + 1)
    time = np.arange(n_steps) * period
    signal = np.zeros((n_steps, n_joints))
    for joint in range(n_joints):
        own = numbers[joint::n_joints]
        if not len(own):
            raise ConfigError(
                f'A multi-sine over {n_joints} joints needs more than {n_steps * period:g} s.'
            )
        phase = -np.pi * np.arange(len(own)) ** 2 / len(own)
        for number, shift in zip(own, phase, strict=True):
            signal[:, joint] += np.cos(2.0 * np.pi * number * base * time + shift)
    return np.asarray(signal / np.abs(signal).max(axis=0))
