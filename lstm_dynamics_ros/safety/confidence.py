# SPDX-License-Identifier: Apache-2.0
"""How far model and correction are trusted: by errors over their band, and by a shadow score."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.minimum_jerk import smoothstep
import numpy as np

SMALLEST_TYPICAL = 1e-3
"""Smallest score that counts as usual, for a model whose card promises no errors at all."""

SAMPLES = 4000
"""Random errors that the usual score is estimated from."""


@dataclass(frozen=True, kw_only=True)
class ConfidenceSettings:
    """How a score becomes confidence. A score of 1 is what is usual inside the training range."""

    full_score: float = parameter(
        4.0,
        'Score up to which confidence is full.',
        minimum=0.0,
        reconfigurable=True,
    )
    zero_score: float = parameter(
        9.0,
        'Score from which there is no confidence; in the middle between both it is one half.',
        minimum=0.0,
        reconfigurable=True,
    )
    window: float = parameter(
        0.2,
        'Time constant over which the score is averaged, as a root mean square.',
        unit='s',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    fall_time: float = parameter(
        0.05,
        'Time in which confidence falls from full to none.',
        unit='s',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    rise_time: float = parameter(
        1.0,
        'Time in which confidence rises from none to full.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
        reconfigurable=True,
    )
    hysteresis: float = parameter(
        0.1,
        'Confidence rises only as far as it would with a score larger by this share.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    range_tolerance: float = parameter(
        0.03,
        'How far outside the training range is a score of 1, as a share of the range.',
        minimum=0.001,
        maximum=10.0,
    )


class Confidence:
    """Turns a score into a share between 0 and 1 that falls fast and rises slowly.

    The share is 1 up to ``full_score``, 0 from ``zero_score`` on, and a smooth step between; it
    is below one half whenever the averaged score is above the middle for ``fall_time``. It
    starts at 0: trust is earned.

    Args:
        settings: How a score becomes confidence; may be replaced between steps.
        typical: Median of the averaged score inside the training range, which scores are divided
            by: what is usual for this model then counts as 1.

    Raises:
        ConfigError: If ``zero_score`` is not above ``full_score``, or ``typical`` not above 0.
    """

    def __init__(self, settings: ConfidenceSettings, typical: float = 1.0) -> None:
        if not (typical > 0 and math.isfinite(typical)):
            raise ConfigError(f'The typical score must be > 0, got {typical}.')
        self._typical = typical
        self.settings = settings
        self._mean_square = 0.0
        self.value = 0.0
        """Confidence after the newest step, 0 to 1."""

    @property
    def settings(self) -> ConfidenceSettings:
        """How a score becomes confidence."""
        return self._settings

    @settings.setter
    def settings(self, settings: ConfidenceSettings) -> None:
        if not settings.zero_score > settings.full_score:
            raise ConfigError(
                f'confidence.zero_score must be above full_score ({settings.full_score:g}), '
                f'got {settings.zero_score:g}.'
            )
        self._settings = settings

    @property
    def score(self) -> float:
        """The averaged score in units of the typical one."""
        return math.sqrt(self._mean_square) / self._typical

    def hold(self, dt: float, *, overshoot: float = 0.0) -> float:
        """Take in a step whose score says nothing about the model, such as one in contact.

        Args:
            dt: Time since the last call [s].
            overshoot: As in :meth:`update`.

        Returns:
            Confidence, 0 to 1.
        """
        return self.update(math.sqrt(self._mean_square), dt, overshoot=overshoot)

    def reset(self) -> None:
        """Trust nothing until scores have been good again."""
        self._mean_square = 0.0
        self.value = 0.0

    def update(self, score: float, dt: float, *, overshoot: float = 0.0) -> float:
        """Take in the score of the newest step.

        Args:
            score: Error over its band, as from :func:`band_score`; NaN counts as no confidence.
            dt: Time since the last call [s].
            overshoot: Distance outside the training range, as from
                :func:`~lstm_dynamics_ros.runtime.novelty.range_score`.
                It is neither averaged nor divided by the typical score.

        Returns:
            Confidence, 0 to 1.
        """
        settings = self._settings
        if not (math.isfinite(score) and math.isfinite(overshoot)):
            worst = math.inf
        else:
            # Beyond this nothing changes, and one wild value is forgotten within a few windows.
            bounded = min(abs(score), 10.0 * settings.zero_score * self._typical)
            weight = -math.expm1(-dt / settings.window) if settings.window else 1.0
            self._mean_square += weight * (bounded * bounded - self._mean_square)
            worst = max(self.score, overshoot)
        at_most = self._share(worst)
        at_least = self._share(worst * (1.0 + settings.hysteresis))
        if self.value > at_most:
            step = dt / settings.fall_time if settings.fall_time else 1.0
            self.value = max(at_most, self.value - step)
        elif self.value < at_least:
            step = dt / settings.rise_time if settings.rise_time else 1.0
            self.value = min(at_least, self.value + step)
        return self.value

    def _share(self, score: float) -> float:
        full, zero = self._settings.full_score, self._settings.zero_score
        if score <= full:
            return 1.0
        return 1.0 - smoothstep((score - full) / (zero - full))


def band_score(error: Vector, band: Vector) -> float:
    """Return the largest error in units of its band; NaN if an error is NaN.

    Args:
        error: Measured minus predicted, shape (n_joints,).
        band: Half-width of the conformal band in the same unit, > 0, shape (n_joints,).
    """
    return float(np.maximum.reduce(np.abs(error / band)))


def typical_score(errors: Vector, band: Vector) -> float:
    """Return what :attr:`Confidence.score` usually is before it is divided by the typical one.

    The root mean square of the largest of independent normal errors over their bands.

    Args:
        errors: Root mean square errors of the model, shape (n_joints,).
        band: Half-width of the band in the same unit, > 0, shape (n_joints,).
    """
    normal = np.random.default_rng(0).standard_normal((SAMPLES, len(band)))
    largest = np.abs(normal * (errors / band)).max(axis=1)
    return max(float(np.sqrt(np.mean(largest * largest))), SMALLEST_TYPICAL)


def error_band(card: ModelCard, kind: str, *, horizon: int = 1) -> Sequence[float] | None:
    """Return the narrowest band on a card for one kind of target, shape (n_joints,).

    Args:
        card: Card with the bands.
        kind: One of :data:`~lstm_dynamics_ros.core.card.SIGNAL_KINDS`.
        horizon: Steps ahead; 0 for a model of the effort now.

    Returns:
        Half-width in the target's unit; None without one.
    """
    for rate in sorted(card.conformal, key=float, reverse=True):
        band = card.conformal[rate].get(str(horizon), {}).get(kind)
        if band is not None:
            return band
    return None


class ShadowScore:
    """How much of the disturbance the correction explains, over a window that forgets.

    The correction is computed one latency before it would act, and is compared with the
    disturbance at that time: with d the measured effort beyond the nominal model and c
    the correction,

        explained = 1 - mean((d - c)^2) / mean(d^2)

    1 is perfect, 0 is as good as no correction, below 0 is worse than none. Means, not variances:
    a constant disturbance is worth correcting too. This is an open-loop figure: the disturbance
    is that of the motion without the correction.

    Args:
        n_joints: Number of joints.
        period: Time between two steps [s].
        latency_steps: Steps from computing a correction to the moment it would act.
        window: Time constant of forgetting [s].
        weights: What one unit of torque counts in :attr:`overall`, shape (n_joints,), such as
            one over the effort limits; all the same if left out.

    Raises:
        ConfigError: If a time is not positive or a number of steps negative.
    """

    def __init__(
        self,
        n_joints: int,
        period: float,
        *,
        latency_steps: int = 0,
        window: float = 10.0,
        weights: Sequence[float] | Vector | None = None,
    ) -> None:
        if not (period > 0 and window > 0 and latency_steps >= 0):
            raise ConfigError(
                'The shadow score needs a period > 0 s, a window > 0 s and latency_steps >= 0, '
                f'got {period}, {window} and {latency_steps}.'
            )
        self._shape = (n_joints,)
        self._period = period
        self._keep = math.exp(-period / window)
        self.weights = np.ones(n_joints) if weights is None else weights
        self._waiting: deque[Vector | None] = deque(maxlen=latency_steps + 1)
        self.reset()

    @property
    def weights(self) -> Vector:
        """What one unit of torque counts in :attr:`overall`, shape (n_joints,)."""
        return self._weights

    @weights.setter
    def weights(self, weights: Sequence[float] | Vector) -> None:
        self._weights = np.array(weights, np.float64)
        self._squares = np.square(self._weights)

    def reset(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._left, self._whole = np.zeros(self._shape), np.zeros(self._shape)
        self._mass = 0.0
        self.time = 0.0
        """Time that was scored [s]."""

    def interrupt(self) -> None:
        """Drop the corrections that have not acted yet, after a gap in the data."""
        self._waiting.clear()

    def update(self, disturbance: Vector, correction: Vector | None) -> None:
        """Take in one step.

        Args:
            disturbance: Measured effort minus the nominal model now [N m] or [N], shape
                (n_joints,); with a NaN in it the step is not scored.
            correction: Correction computed now, as it would leave the controller [N m] or [N],
                shape (n_joints,); None or NaN if there is none.

        Raises:
            ShapeError: If an array does not fit the robot.
        """
        for what, array in (('Disturbance', disturbance), ('Correction', correction)):
            if array is not None and array.shape != self._shape:
                raise ShapeError(what, self._shape, array.shape)
        self._waiting.append(None if correction is None else correction.copy())
        acting = self._waiting[0] if len(self._waiting) == self._waiting.maxlen else None
        if acting is None:
            return
        left = disturbance - acting
        if not all(map(math.isfinite, left.tolist())):
            return
        self._left *= self._keep
        self._left += left * left
        self._whole *= self._keep
        self._whole += disturbance * disturbance
        self._mass = self._mass * self._keep + 1.0
        self.time += self._period

    @property
    def disturbance_rms(self) -> Vector:
        """RMS of the disturbance [N m] or [N], shape (n_joints,); NaN before the first step."""
        return np.sqrt(self._whole / (self._mass or math.nan))

    @property
    def left_rms(self) -> Vector:
        """RMS of what the correction leaves [N m] or [N], shape (n_joints,)."""
        return np.sqrt(self._left / (self._mass or math.nan))

    @property
    def explained(self) -> Vector:
        """Explained share per joint, shape (n_joints,); NaN where there was no disturbance."""
        return 1.0 - self._left / np.where(self._whole > 0.0, self._whole, math.nan)

    @property
    def overall(self) -> float:
        """Explained share of all joints together; NaN where there was no disturbance."""
        whole = float(self._squares @ self._whole)
        return 1.0 - float(self._squares @ self._left) / whole if whole > 0.0 else math.nan

    def as_dict(self, joint_names: Sequence[str]) -> dict[str, Any]:
        """Return the score for publication as JSON; None where there is no number.

        Args:
            joint_names: Names of the joints, in the order of the arrays.
        """
        values: dict[str, Any] = {'time': self.time, 'overall': self.overall}
        for name in ('explained', 'disturbance_rms', 'left_rms'):
            values[name] = dict(zip(joint_names, getattr(self, name), strict=True))
        plain: dict[str, Any] = to_plain(values)
        return plain
