# SPDX-License-Identifier: Apache-2.0
"""How much later one signal follows another: cross-spectra, prewhitened, fitted with a delay.

The signal that causes must hold something of its own, not only an answer to what was measured: in
a closed loop a correction that merely follows the measurements leads them as much as it lags. A
:func:`~lstm_dynamics_ros.data.excitation.probe.probe` on top of it is such a thing, and it is
fast, so that the band above the loop's own bandwidth tells the delay of the drive alone.

Sources: C. Knapp, G. Carter, The generalized correlation method for estimation of time delay,
IEEE T-ASSP 24, 1976 (weights of maximum likelihood, eq. 26); P. Welch, IEEE T-AU 15, 1967
(averaged spectra).
"""

from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
import numpy as np
from numpy.typing import NDArray

Spectrum = NDArray[np.complex128]

STEP = 0.001
"""Time between the samples both signals are brought to [s]."""

LARGEST_DELAY = 0.2
"""Longest delay that is looked for [s]."""

LARGEST_LAG = 0.03
"""Longest first-order lag that is looked for [s]."""

MAIN_LOBE = 2.0
"""Half width of the correlation's peak, in periods of the highest frequency."""

NEAR = 0.005
"""How far from the correlation's peak, or the whole's dead time, a fit may go [s]."""

MOST_UNEXPLAINED = 0.05
"""An expected gain is dropped if it leaves this much more of the response unexplained."""

REFINEMENTS = 4
"""Times the search gets finer, by a factor of four each."""

GROUPS = 4
"""Parts of a recording whose delays are compared."""

SEGMENTS = 2 * GROUPS
"""Fewest stretches for averaged spectra."""


class Band(NamedTuple):
    """Where to look."""

    low: float
    """Lowest frequency [Hz]."""
    high: float
    """Highest frequency [Hz]."""
    stretch: float
    """Length of the stretches whose spectra are averaged [s]."""


class Delay(NamedTuple):
    """How one signal follows another: ``gain * exp(-s dead) / (1 + s lag)``."""

    seconds: float
    """Dead time plus lag [s]: how much later slow changes arrive."""
    dead: float
    """Dead time [s]; distinguished from the lag only where the signals are fast."""
    lag: float
    """Time constant of a first-order lag [s]."""
    gain: float
    """Size of the effect over the cause, if nothing is assumed of it."""
    error: float
    """Standard error of ``seconds`` between parts of the recording [s]."""
    coherence: float
    """Largest share of the effect that the cause explains over a tenth of the band, 0 to 1."""
    others: float
    """Largest value of the prewhitened correlation off its peak over the peak, 0 to 1."""
    leading: float
    """The same at negative delays: large where the cause follows the effect."""


class _Averages(NamedTuple):
    """Spectra of every stretch at the frequencies of the band, (n_stretches, n_frequencies)."""

    omega: Vector
    cause: Spectrum
    effect: Spectrum

    def part(self, rows: NDArray[np.intp]) -> '_Averages':
        return _Averages(self.omega, self.cause[rows], self.effect[rows])

    @property
    def cross(self) -> Spectrum:
        product: Spectrum = (np.conj(self.cause) * self.effect).mean(axis=0)
        return product

    @property
    def powers(self) -> tuple[Vector, Vector]:
        tiny = np.finfo(float).tiny
        return (
            (np.abs(self.cause) ** 2).mean(axis=0) + tiny,
            (np.abs(self.effect) ** 2).mean(axis=0) + tiny,
        )

    @property
    def coherence(self) -> Vector:
        """Squared coherence, without the bias of the few stretches (n_frequencies,)."""
        n = len(self.cause)
        raw = np.abs(self.cross) ** 2 / np.prod(self.powers, axis=0)
        return np.asarray(np.clip((n * raw - 1.0) / (n - 1.0), 0.0, 0.999), np.float64)


def estimate_delay(
    cause_ns: Stamps,
    cause: Vector,
    effect_ns: Stamps,
    effect: Vector,
    band: Band,
    *,
    held: bool = True,
    gain: float | None = None,
) -> Delay:
    """Return how much later, and how, one signal follows another.

    Args:
        cause_ns: Times of the cause [ns], increasing (n_causes,).
        cause: Its values (n_causes,).
        effect_ns: Times of the effect [ns], increasing (n_effects,).
        effect: Its values (n_effects,).
        band: Where to look.
        held: Whether the cause stays as it is until its next value, as a command does; otherwise
            it is a straight line in between.
        gain: What the gain should be, such as 1 for an effort in the unit of the command. It
            keeps a slow lag apart from the answer of a loop, and is dropped where it contradicts
            the signals.

    Raises:
        TooShortError: If they overlap for too short a time.
    """
    start = max(int(cause_ns[0]), int(effect_ns[0]))
    seconds = (min(int(cause_ns[-1]), int(effect_ns[-1])) - start) / NANOSECONDS
    needed = 0.5 * (SEGMENTS + 1) * band.stretch
    if seconds < needed:
        raise TooShortError(max(seconds, 0.0), needed)
    middle = np.arange(int(seconds / STEP), dtype=np.float64) + 0.5
    time: Vector = middle * STEP  # in between, where a held value is clear
    when = (cause_ns - start) / NANOSECONDS
    if held:
        causing = cause[np.searchsorted(when, time, side='right') - 1]
    else:
        causing = np.interp(time, when, cause)
    following = np.interp(time, (effect_ns - start) / NANOSECONDS, effect)
    averages = _averages(np.diff(causing), np.diff(following), band)
    coarse, others, leading = _peak(averages, band)
    around = (coarse - LARGEST_LAG, coarse + NEAR)
    free = _fit(averages, averages, around)
    found = free if gain is None else _fit(averages, averages, around, gain=gain)
    if found.unexplained > free.unexplained + MOST_UNEXPLAINED:
        found, gain = free, None
    return Delay(
        seconds=found.dead + found.lag,
        dead=found.dead,
        lag=found.lag,
        gain=free.gain,
        error=_error(averages, (found.dead - NEAR, found.dead + NEAR), gain),
        coherence=_largest_coherence(averages),
        others=others,
        leading=leading,
    )


def _peak(averages: _Averages, band: Band) -> tuple[float, float, float]:
    """Return the delay of the correlation's peak, ``others`` and ``leading`` of :class:`Delay`."""
    delays = np.arange(-LARGEST_DELAY, LARGEST_DELAY, STEP, dtype=np.float64)
    size = np.abs(_correlation(averages, delays))
    peak = int(np.argmax(size))
    height = max(size[peak], np.finfo(float).tiny)
    coarse = delays[peak]
    aside = np.abs(delays - coarse) > MAIN_LOBE / band.high
    others = size[aside].max(initial=0.0) / height
    leading = size[aside & (delays < 0)].max(initial=0.0) / height
    return float(coarse), float(others), float(leading)


def _error(averages: _Averages, between: tuple[float, float], gain: float | None) -> float:
    """Return the standard error of the delay between parts of the recording [s]."""
    parts = [
        sum(_fit(averages.part(rows), averages, between, gain=gain)[:2])
        for rows in np.array_split(np.arange(len(averages.cause)), GROUPS)
    ]
    return float(np.std(parts, ddof=1) / np.sqrt(GROUPS))


def _largest_coherence(averages: _Averages) -> float:
    """Return the largest mean of the coherence over a tenth of the band."""
    tenth = max(1, len(averages.omega) // 10)
    return float(np.convolve(averages.coherence, np.full(tenth, 1.0 / tenth), 'valid').max())


def _averages(cause: Vector, effect: Vector, band: Band) -> _Averages:
    """Return spectra of half overlapping stretches; both signals are differences."""
    n = round(band.stretch / STEP)
    starts = range(0, len(cause) - n + 1, n // 2)
    window = np.hanning(n)
    frequency: Vector = np.asarray(np.fft.rfftfreq(n, STEP), np.float64)
    inside = (frequency >= band.low) & (frequency <= band.high)

    def spectra(signal: Vector) -> Spectrum:
        stretches = np.stack([window * signal[k : k + n] for k in starts])
        whole: Spectrum = np.fft.rfft(stretches, axis=1)
        return whole[:, inside]

    return _Averages(2.0 * np.pi * frequency[inside], spectra(cause), spectra(effect))


def _weights(averages: _Averages, weighing: _Averages) -> Vector:
    """Return the inverse variance of the measured frequency response (n_frequencies,).

    Args:
        averages: Spectra the response is made of.
        weighing: Spectra that say how much of the effect has other causes.
    """
    noise = weighing.powers[1] * (1.0 - weighing.coherence)
    weights = averages.powers[0] / noise
    return np.asarray(weights / weights.sum(), np.float64)


def _correlation(averages: _Averages, delays: Vector) -> Vector:
    """Return the prewhitened cross-correlation at some delays (n_delays,)."""
    causing, following = averages.powers
    coherence = averages.coherence
    whitened = averages.cross / np.sqrt(causing * following) * coherence / (1.0 - coherence)
    turn = np.exp(1j * np.outer(delays, averages.omega))
    return np.asarray((turn @ whitened).real, np.float64)


class _Fit(NamedTuple):
    """A dead time and a lag that explain a frequency response."""

    dead: float
    lag: float
    gain: float
    unexplained: float
    """Weighted share of the response that is left, 0 to 1."""


def _fit(
    averages: _Averages,
    weighing: _Averages,
    between: tuple[float, float],
    gain: float | None = None,
) -> _Fit:
    """Return what explains the frequency response best.

    Args:
        averages: Spectra to be explained.
        weighing: Spectra that say which frequencies can be trusted.
        between: Smallest and largest dead time looked at first [s].
        gain: The gain where it is known; None to find it.
    """
    response = averages.cross / averages.powers[0]
    weights, omega = _weights(averages, weighing), averages.omega
    whole = max(float(weights @ np.abs(response) ** 2), np.finfo(float).tiny)
    best, step = _Fit(between[0], 0.0, 0.0, np.inf), STEP
    deads: Vector = np.arange(*between, STEP, dtype=np.float64)
    lags: Vector = np.arange(0.0, LARGEST_LAG, STEP, dtype=np.float64)
    for _ in range(REFINEMENTS):
        turn = np.exp(1j * np.outer(deads, omega))
        for lag in lags.tolist():
            shape = 1.0 / (1.0 + 1j * omega * lag)
            power = float(weights @ np.abs(shape) ** 2)
            product: Matrix = (turn @ (weights * np.conj(shape) * response)).real
            gains = product / power if gain is None else np.full_like(product, gain)
            left = 1.0 + (gains**2 * power - 2.0 * gains * product) / whole
            k = int(np.argmin(left))
            if left[k] < best.unexplained:
                best = _Fit(float(deads[k]), lag, float(gains[k]), float(left[k]))
        finer = 0.25 * step * np.arange(-4, 5)
        deads = np.asarray(best.dead + finer, np.float64)
        lags = np.asarray(np.maximum(0.0, best.lag + finer), np.float64)
        step *= 0.25
    return best
