# SPDX-License-Identifier: Apache-2.0
"""Choice of the regularisation of the linear part."""

from collections.abc import Sequence

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import Fold
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.training.ridge import ridge_of_folds, RIDGES
import numpy as np

SETTINGS = InverseSettings(
    model_kind='inverse',
    features=('position', 'velocity'),
    history_steps=10,
    burn_in_steps=20,
    window_steps=50,
    ripple_limit=0,
    dt=0.01,
)


def run(name: str, noise: float, seed: int, middle: float = 0.0, steps: int = 600) -> Segment:
    """Return a pendulum that swings about a position, with noisy effort."""
    random = np.random.default_rng(seed)
    time = 0.01 * np.arange(steps)
    phase, rate = random.uniform(0, 6), random.uniform(1.5, 2.5)
    q = middle + 0.5 * np.sin(rate * time + phase)
    v = 0.5 * rate * np.cos(rate * time + phase)
    effort = 3 * np.sin(q) + 0.4 * v + noise * random.normal(size=steps)
    rows = (q[:, None], v[:, None], effort[:, None])
    return Segment(
        name=name,
        joint_names=('joint1',),
        joint_types=('revolute',),
        dt=0.01,
        start_index=0,
        position=rows[0],
        velocity=rows[1],
        effort=rows[2],
        filled=np.zeros(steps, bool),
    )


def dealt(runs: Sequence[Segment]) -> list[Fold]:
    """Hold out each in turn."""
    return [([r for r in runs if r is not out], [out]) for out in runs]


def test_what_fits_exactly_is_hardly_regularised() -> None:
    runs = [run(f'run{k}', 0.0, k) for k in range(3)]
    assert ridge_of_folds(dealt(runs), SETTINGS) == RIDGES[0]


def test_what_is_mostly_noise_is_regularised() -> None:
    runs = [run(f'run{k}', 20.0, k, steps=150) for k in range(3)]
    assert ridge_of_folds(dealt(runs), SETTINGS) >= 10.0


def test_of_strengths_that_do_not_matter_the_strongest_is_taken() -> None:
    runs = [run(f'run{k}', 1.0, k, steps=4000) for k in range(3)]
    assert ridge_of_folds(dealt(runs), SETTINGS) > RIDGES[0]
