# SPDX-License-Identifier: Apache-2.0
"""Coverage and width of a model's bounds on unseen recordings, and errors by novelty.

Static bounds and adaptive ones stand side by side, each with its width in units of the errors it
is of, so that bounds that cover much because they are wide cannot hide it. Of normal errors the
bounds of 90 % are 3.29 times the RMSE wide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.scores.inverse import Prior
from lstm_dynamics_ros.evaluation.scores.novelty import novelty_check, NoveltyCheck
from lstm_dynamics_ros.evaluation.scores.unseen_errors import (
    Forecasts,
    unseen_errors,
    UnseenErrors,
    usual_mode,
)
from lstm_dynamics_ros.runtime.bounds import AdaptiveBounds, NoBoundsError, static_bounds
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

BOUNDS = ('worst', 'width')
COVERAGE_HEAD = ('', 'steps', 'target', 'static', *BOUNDS, 'adaptive', *BOUNDS, '')
"""Columns of the table: shares within the bounds, and widths, of static and adaptive bounds."""

MISS_RATE = 0.1
"""Miss rate of the headline."""


@dataclass(frozen=True, kw_only=True)
class Cover:
    """Coverage of one kind of target at one horizon and miss rate. Vectors: shape (n_joints,)."""

    kind: str
    horizon: int
    """Steps ahead; 0 of an inverse model."""
    target: float
    """Share that should lie within the bounds."""
    static: Vector
    """Share within the bounds of the card, wider where novelty is."""
    adaptive: Vector
    """Share within bounds that follow the errors of each trajectory."""
    width: Vector
    """Mean full width of the static bounds over the RMSE."""
    adaptive_width: Vector
    """Mean full width of the adaptive bounds over the RMSE."""
    rmse: Vector
    """Root mean squared error of finite forecasts, in the target's unit."""
    held: bool
    """Whether the horizon lies beyond those of the card."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Coverage of the bounds of a model on some recordings."""

    model_name: str
    joint_names: tuple[str, ...]
    dt: float
    """Step of the model [s]."""
    mode: str
    """What forecasts know, see :mod:`.unseen_errors`."""
    bounds_mode: str
    """What the forecasts knew that the bounds of the card are of."""
    covers: tuple[Cover, ...]
    forecasts: dict[int, int]
    """Number of forecasts by horizon."""
    diverged: dict[int, int]
    """Those of them that are not finite; they count as outside."""

    @property
    def target(self) -> float:
        """The target of the headline: 90 %, or what the card has that is nearest to it."""
        known = {cover.target for cover in self.covers}
        return min(known, key=lambda target: abs(target - (1.0 - MISS_RATE)))

    def at_target(self) -> list[Cover]:
        """Return what there is at the target of the headline, by horizon and kind."""
        return [cover for cover in self.covers if cover.target == self.target]

    def headline(self, horizon: int | None = None) -> Cover:
        """Return the means over kinds of targets at one horizon, the last one by default.

        Raises:
            NoBoundsError: If nothing was forecast so far ahead.
        """
        wanted = max(self.forecasts) if horizon is None else horizon
        found = [cover for cover in self.at_target() if cover.horizon == wanted]
        if not found:
            raise NoBoundsError(
                f'There is no coverage {wanted} steps ahead, only {sorted(self.forecasts)}.'
            )
        names = ('static', 'adaptive', 'width', 'adaptive_width', 'rmse')
        means = {n: np.mean([getattr(cover, n) for cover in found], axis=0) for n in names}
        first = found[0]
        return Cover(kind='all', horizon=wanted, target=first.target, held=first.held, **means)

    def curve(self, horizon: int) -> tuple[Vector, Vector, Vector]:
        """Return rising targets, static and adaptive coverage, means over joints and kinds."""
        here = [cover for cover in self.covers if cover.horizon == horizon]
        targets = sorted({cover.target for cover in here})
        rows = [[cover for cover in here if cover.target == target] for target in targets]
        static = [np.mean([cover.static for cover in row]) for row in rows]
        adaptive = [np.mean([cover.adaptive for cover in row]) for row in rows]
        return np.array(targets), np.array(static), np.array(adaptive)

    def to_json(self, horizon: int | None = None) -> dict[str, Any]:
        """Return JSON-ready values: the headline at one horizon, and every figure."""
        best = self.headline(horizon)
        found: dict[str, object] = {
            'static': best.static.mean(),
            'adaptive': best.adaptive.mean(),
            'width_in_rmse': best.width.mean(),
            'adaptive_width_in_rmse': best.adaptive_width.mean(),
            'target': best.target,
            'horizon': best.horizon,
            'mode': self.mode,
            'bounds_mode': self.bounds_mode,
            'joint_names': self.joint_names,
            'forecasts': self.forecasts,
            'diverged': self.diverged,
            'detail': [
                {
                    'kind': cover.kind,
                    'horizon': cover.horizon,
                    'target': cover.target,
                    'beyond_the_card': cover.held,
                    'static': cover.static,
                    'adaptive': cover.adaptive,
                    'width_in_rmse': cover.width,
                    'adaptive_width_in_rmse': cover.adaptive_width,
                    'rmse': cover.rmse,
                }
                for cover in self.covers
            ],
        }
        return to_plain(found)

    def text(self) -> str:
        """Return the tables for a terminal: the headline's miss rate, and all against target."""
        lines = [
            f'Coverage of the bounds of {self.model_name}, {self.mode.replace("_", " ")}; width '
            'in RMSE (normal errors at 90 %: 3.29)'
        ]
        rows = []
        for cover in self.at_target():
            off = [
                values[np.argmax(np.abs(values - cover.target))]
                for values in (cover.static, cover.adaptive)
            ]
            rows.append(
                [
                    cover.kind,
                    str(cover.horizon),
                    f'{cover.target:.2f}',
                    f'{cover.static.mean():.3f}',
                    f'{off[0]:.2f}',
                    f'{cover.width.mean():.2f}',
                    f'{cover.adaptive.mean():.3f}',
                    f'{off[1]:.2f}',
                    f'{cover.adaptive_width.mean():.2f}',
                    'bounds held from the last horizon of the card' if cover.held else '',
                ]
            )
        lines.append(text_table(COVERAGE_HEAD, rows))
        for horizon in self.forecasts:
            target, static, adaptive = self.curve(horizon)
            shares = (
                f'{goal:.2f}: {one:.3f}, {other:.3f}'
                for goal, one, other in zip(target, static, adaptive, strict=True)
            )
            when = f'{horizon} steps' if horizon else 'effort'
            lines.append(f'{when}, target: static, adaptive  {"  ".join(shares)}')
        if self.mode != self.bounds_mode:
            lines.append(f'the bounds of the card are of {self.bounds_mode} forecasts')
        lines += [
            f'{n} of {self.forecasts[h]} forecasts {h} steps ahead diverged; they count as outside'
            for h, n in self.diverged.items()
            if n
        ]
        return '\n'.join(lines)


def coverage(unseen: UnseenErrors, *, rates: Sequence[float] | None = None) -> Coverage:
    """Compare the bounds of a model with what came.

    The adaptive bounds start anew with every segment, and know an error only once it can be
    measured: that of a forecast 50 steps ahead comes 50 steps later.

    Args:
        unseen: Errors of the model on recordings it was not trained on.
        rates: Miss rates; those of the card by default.

    Raises:
        NoBoundsError: If the card has no bounds, or not of these rates.
    """
    card = unseen.card
    rates = sorted((float(rate) for rate in card.bounds), reverse=True) if rates is None else rates
    if not rates:
        static_bounds(card, 1, MISS_RATE)  # says what is missing
    by_horizon = unseen.by_horizon.items()
    return Coverage(
        model_name=card.name,
        joint_names=card.joint_names,
        dt=card.dt,
        mode=unseen.mode,
        bounds_mode=usual_mode(card),
        covers=tuple(c for h, parts in by_horizon for c in _covers(card, h, parts, rates)),
        forecasts={h: sum(len(part.made) for part in parts) for h, parts in by_horizon},
        diverged={
            h: sum(int((~np.isfinite(part.errors).all(axis=1)).sum()) for part in parts)
            for h, parts in by_horizon
        },
    )


def _covers(
    card: ModelCard, horizon: int, parts: Sequence[Forecasts], rates: Sequence[float]
) -> Iterator[Cover]:
    """Yield what there is at one horizon, by miss rate and kind of target."""
    errors = np.concatenate([part.errors for part in parts])
    finite = np.isfinite(errors).all(axis=1)
    rmse = np.sqrt(np.mean(np.square(errors[finite]), axis=0))
    with np.errstate(divide='ignore', invalid='ignore'):
        unit = np.where(rmse > 0, 1.0 / rmse, np.nan)  # none where nothing ever is wrong
    for rate in rates:
        static = static_bounds(card, horizon, rate)
        growth = [static.growth(part.excess) for part in parts]
        moving = np.concatenate(
            [followed_bounds(*item, static.half, rate) for item in zip(parts, growth, strict=True)]
        )
        half = static.half * np.concatenate(growth)
        # NaN and infinite errors are outside.
        inside = np.abs(errors) <= half
        followed = np.abs(errors) <= moving
        for kind in dict.fromkeys(signal.kind for signal in card.targets):
            columns = card.columns(kind, of='targets')
            if columns is None or not np.isfinite(static.half[columns]).all():
                continue
            yield Cover(
                kind=kind,
                horizon=horizon,
                target=1.0 - rate,
                static=inside[:, columns].mean(axis=0),
                adaptive=followed[:, columns].mean(axis=0),
                width=2.0 * half[finite][:, columns].mean(axis=0) * unit[columns],
                adaptive_width=2.0 * moving[finite][:, columns].mean(axis=0) * unit[columns],
                rmse=rmse[columns],
                held=static.held,
            )


def followed_bounds(part: Forecasts, growth: Matrix, static: Vector, rate: float) -> Matrix:
    """Return the half-widths that adaptive bounds give every forecast, shape (n, n_targets).

    Args:
        part: Forecasts in one segment.
        growth: How many times as wide novelty makes the bounds of each, shape (n, n_targets).
        static: Half-widths of usual novelty to start from, shape (n_targets,).
        rate: Share of moments outside.
    """
    bounds = AdaptiveBounds(static, rate)
    half = np.empty_like(part.errors)
    size = np.where(np.isfinite(part.errors), part.errors / growth, np.inf)
    known = 0
    for number, (made, due) in enumerate(zip(part.made, part.due, strict=True)):
        while part.due[known] <= made and part.due[known] < due:
            bounds.update(size[known], half[known])
            known += 1
        half[number] = bounds.half
    return half * growth


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """How well a model knows how wrong it is: coverage of its bounds, and errors by novelty."""

    coverage: Coverage | None
    """None for a model without bounds on its card."""
    novelty: NoveltyCheck
    why_unbounded: str = ''
    """Why there is no coverage; empty if there is."""

    def to_json(self) -> dict[str, Any]:
        """Return ``coverage`` and ``ood`` as JSON-ready values."""
        covered = self.coverage
        found = {'unbounded': self.why_unbounded} if covered is None else covered.to_json()
        return {'coverage': found, 'ood': self.novelty.to_json()}

    def text(self) -> str:
        """Return the tables for a terminal."""
        covered = self.why_unbounded if self.coverage is None else self.coverage.text()
        return f'{covered}\n\n{self.novelty.text()}'


def uncertainty(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    horizons: Sequence[int] = (1,),
    stride: int = 1,
    mode: str | None = None,
    prior: Prior | None = None,
) -> Uncertainty:
    """Measure how well a model knows its errors, as :func:`.unseen_errors.unseen_errors` asks.

    Novelty is checked at the last horizon.
    """
    unseen = unseen_errors(
        loaded, segments, horizons=horizons, stride=stride, mode=mode, prior=prior
    )
    covered, why = None, ''
    try:
        covered = coverage(unseen)
    except NoBoundsError as error:
        why = str(error)
    return Uncertainty(coverage=covered, novelty=novelty_check(unseen), why_unbounded=why)
