# SPDX-License-Identifier: Apache-2.0
"""The short list of models that a choice is made from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings, FADE
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.plan import Plan
from lstm_dynamics_ros.learning.selection.trials import Data
import numpy as np

FRICTION_SHARES = (0.5, 0.1, 0.02)
"""Velocities at which friction is seen to turn over, relative to the usual velocity."""

SLIP_SHARES = (0.003, 0.015, 0.075)
"""Displacements of friction with a memory, relative to the usual spread of positions."""

LENGTHS = (5, 20, 40)
"""Lengths of the delay line that are tried beside the first one [steps]."""

FIRST_LENGTH = 10
"""Length of the delay line with which the features are compared [steps]."""

LINEAR_WINDOW = 40
"""Steps of a window that judges a linear model; its errors do not depend on it."""

CLEARLY = 0.99
"""A change to the linear model is kept if its error is below this share of that without."""


class Variant(NamedTuple):
    """A change to a linear model that is tried."""

    title: str
    change: dict[str, Any]


def linear_variants(
    base: DynamicsSettings, segments: Sequence[Segment], *, with_prior: bool
) -> tuple[list[Variant], list[list[Variant]]]:
    """Return the linear models that are compared first, and the changes tried on the best of them.

    Settings that differ from their default were given by hand and are left as they are.

    Args:
        base: What was asked for.
        segments: All data; their usual velocity and spread scale what is known of friction.
        with_prior: Whether there is a rigid body to be shown to an inverse model.

    Returns:
        The first variants, and groups of changes: of each group the best is kept if it is clearly
        better.
    """
    speed, spread = _usual(segments, 'velocity'), _usual(segments, 'position')
    friction = {'friction_velocities': _scaled(FRICTION_SHARES, speed)}
    slip = {'slip_displacements': _scaled(SLIP_SHARES, spread)}
    forward = bool(base.horizon)
    seen = ['value', 'sin_cos', 'none'] if forward else ['value', 'sin_cos', 'sums']
    if set(segments[0].joint_types) == {'prismatic'}:  # no angle to see otherwise
        seen = [how for how in seen if how in {'value', 'none'}]
    first = [Variant(f'positions {how}', {'position_features': how}) for how in seen]
    if not forward:
        first += [Variant(f'{v.title}, friction', v.change | friction) for v in first]
    later = [[Variant(f'{n} steps', {'history_steps': n}) for n in LENGTHS]]
    # What was best with a short delay line need not be with a longer one.
    later.append([Variant(f'positions {how}', {'position_features': how}) for how in seen])
    later.append([Variant('friction', friction)] if forward else [Variant('slip', slip)])
    later.append([Variant('cogging', {'ripple_limit': 400})])
    if forward:
        later.append([Variant('effort held', {'predict_effort': False})])
    if with_prior and isinstance(base, InverseSettings):
        kinds = ('position', 'velocity', PRIOR_KIND)
        later.insert(0, [Variant('rigid body', {'features': kinds})])
    default = type(base)()
    given = {name for name, value in vars(base).items() if value != getattr(default, name)}

    def free(variant: Variant) -> bool:
        return not given & variant.change.keys()

    kept = [[variant for variant in group if free(variant)] for group in later]
    return [v for v in first if free(v)] or [Variant('as given', {})], [g for g in kept if g]


def linear_base(base: DynamicsSettings, data: Data) -> DynamicsSettings:
    """Return the settings of a linear model, with what was asked for."""
    length = (
        FIRST_LENGTH if base.history_steps == type(base)().history_steps else base.history_steps
    )
    return replace(
        base,
        cell='none',
        hidden_size=1,
        head_size=0,
        history_steps=length,
        ripple_limit=0,
        burn_in_steps=data.washout_steps,
        window_steps=min(LINEAR_WINDOW, data.window_steps - data.washout_steps - base.horizon),
    )


def recurrent_candidates(
    base: DynamicsSettings, linear: DynamicsSettings, plan: Plan
) -> Iterator[tuple[str, DynamicsSettings]]:
    """Yield the networks that learn what the best linear model leaves, by name.

    Args:
        base: What was asked for.
        linear: The best linear model.
        plan: Sizes and lengths.
    """
    for cell in plan.cells:
        yield (
            f'{cell} {plan.hidden_size}',
            replace(
                linear,
                cell=cell,
                hidden_size=plan.hidden_size,
                head_size=plan.head_size,
                burn_in_steps=plan.burn_in_steps,
                window_steps=plan.window_steps,
                max_epochs=plan.epochs,
                patience=plan.epochs,
                updates_per_epoch=plan.updates_per_epoch,
                learning_rate=base.learning_rate,
                seed=plan.seed,
                fade=base.fade or FADE,
            ),
        )


def _usual(segments: Sequence[Segment], kind: str) -> float:
    """Return the usual spread of a signal over all joints that move; 1 if none does."""
    rows = np.vstack([getattr(segment, kind) for segment in segments])
    spread = np.nanstd(rows, axis=0)
    moving = spread[np.isfinite(spread) & (spread > 1e-6)]
    return float(np.sqrt(np.mean(moving**2))) if len(moving) else 1.0


def _scaled(shares: Sequence[float], unit: float) -> tuple[float, ...]:
    """Return shares of a unit, rounded to two digits."""
    return tuple(float(f'{share * unit:.1e}') for share in shares)
