# SPDX-License-Identifier: Apache-2.0
"""White noise on every measured signal, as a multiple of the sensors' own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.evaluation.robustness.base import (
    Case,
    MessagePerturbation,
    PERTURBATIONS,
)
from lstm_dynamics_ros.evaluation.robustness.placing import as_recorded, Messages
import numpy as np


@PERTURBATIONS.register('noise')
class Noise(MessagePerturbation):
    """Gaussian noise on top of what is there, independent of message and joint.

    A velocity that the node derives from positions gets the noise of those and none of its own.
    """

    name = 'noise'
    unit = "x the sensors' own noise"
    variants: ClassVar[Mapping[str, str]] = {'noise': 'Noise added to every measured signal'}
    sizes = (1.0, 2.0, 3.0, 5.0)
    order = 0

    def disturb(
        self,
        recording: Recording,
        variant: str,
        size: float,
        case: Case,
        rng: np.random.Generator,
    ) -> Messages:
        """See the base class."""
        del variant
        noisy = {}
        for kind in KINDS:
            drawn = rng.standard_normal(getattr(recording, kind).shape)
            level = np.nan_to_num(case.sensor_noise[kind])
            noisy[kind] = getattr(recording, kind) + size * level * drawn
        return as_recorded(replace(recording, **noisy))

    def notes(self, case: Case) -> tuple[str, ...]:
        """See the base class."""
        told = '; '.join(
            f'{kind} {" ".join(f"{value:.2g}" for value in case.sensor_noise[kind])}'
            for kind in KINDS
            if np.isfinite(case.sensor_noise[kind]).any()
        )
        return (
            "The sensors' own noise is the median magnitude of sixth differences over 0.6745 "
            f'sqrt(924), and at least one count over sqrt(12), in SI units: {told}.',
        )
