# SPDX-License-Identifier: Apache-2.0
"""The choice: linear models first, then networks that learn what the best of those leaves."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
import json
from pathlib import Path
import time

from lstm_dynamics_ros.core.engine import Engine
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.grid_cache import read_segments
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.selection.candidates import recurrent_candidates
from lstm_dynamics_ros.learning.selection.linear import LinearScore
from lstm_dynamics_ros.learning.selection.linear_search import best_linear
from lstm_dynamics_ros.learning.selection.plan import Plan, SPENT
from lstm_dynamics_ros.learning.selection.planning import first_plan, timed_plan, too_little
from lstm_dynamics_ros.learning.selection.scoreboard import geometric_mean, Row, Scoreboard
from lstm_dynamics_ros.learning.selection.trials import (
    Data,
    lost,
    run_training,
    trained,
    TrainingTrial,
    TrialResult,
)
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
import numpy as np

MOST_FOLDS = 4
"""Splits of the motions, where there are as many motions."""

WORTH_IT = 0.99
"""A network is exported if its error on motions it has not seen is below this share of that of the
best linear model; else it is not worth its cost."""

HARDLY_WORSE = 1.005
"""On the farthest motion a network may be so much worse, which is chance."""


ONE_MOTION = (
    'There is one motion only: the splits are blocks of it, so nothing tells how the model does '
    'on another. Record more.'
)
"""What is said where nothing could be left out but blocks."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was chosen, and why."""

    settings: DynamicsSettings
    members: Sequence[Member]
    """Models that have not seen what they hold out."""
    whole: Checkpoint | None
    """A linear model that has seen all data; None if the members together are the model."""
    rows: tuple[Row, ...]
    plan: Plan
    held_out: tuple[str, ...]
    """What each split holds out."""
    why: str
    """Why the choice fell, for people."""


class Chooser:
    """Makes the choice.

    Args:
        base: What was asked for; settings that differ from their default are left as they are.
        data: Where the data are, and how they are split.
        engine: Who does the work.
        folder: Where checkpoints are kept.
        progress: Called with (done, total, what).
    """

    def __init__(
        self,
        base: DynamicsSettings,
        data: Data,
        engine: Engine,
        folder: Path,
        progress: Progress = no_progress,
    ) -> None:
        self._base, self._data, self._engine = base, data, engine
        self._folder, self._progress = folder, progress
        self._segments = read_segments(data.folder)
        self._board = Scoreboard(has_far=data.split()[0].far)

    def choose(
        self,
        budget: float,
        workers: int,
        plan: Plan | None = None,
        *,
        keep: Callable[[Plan], None] | None = None,
    ) -> Choice:
        """Return the choice.

        Args:
            budget: Time for all of it [min].
            workers: Processes that share the work.
            plan: A plan made before; without it one is made from the budget.
            keep: Called with the plan before it is followed.

        Raises:
            DataError: If no linear model can be fitted.
        """
        began = time.perf_counter()
        line, linear = best_linear(
            self._base, self._segments, self._data, self._engine, self._board, self._progress
        )
        why = too_little(self._segments, linear.settings)
        if plan is None:
            plan = first_plan(self._base, self._segments, self._data, budget, workers)
            if not why:
                self._progress(0, 1, 'timing the networks')
                left = SPENT * budget * 60 - (time.perf_counter() - began)
                plan = timed_plan(plan, self._base, linear.settings, self._data, left)
        if keep is not None:
            keep(plan)
        members: list[Member] = []
        settings = linear.settings
        if not why:
            why, chosen = self._best_network(linear, plan)
            if chosen is not None:
                why, members = self._members(chosen, linear, plan)
                settings = chosen.settings if members else settings
        whole = None
        if not members:
            self._board.choose(line)
            members, whole = self._linear_members(linear.settings)
        return Choice(
            settings=settings,
            members=members,
            whole=whole,
            rows=tuple(self._board.rows),
            plan=plan,
            held_out=tuple(fold.title for fold in self._data.split()),
            why=why if self._board.has_far else f'{why} {ONE_MOTION}',
        )

    def _best_network(self, linear: LinearScore, plan: Plan) -> tuple[str, TrainingTrial | None]:
        """Compare networks on the first splits; return why, and the best if it is worth it."""
        candidates = list(recurrent_candidates(self._base, linear.settings, plan))
        results = self._train(
            [
                (title, settings, fold)
                for title, settings in candidates
                for fold in range(plan.trial_folds)
            ]
        )
        ratios: dict[str, list[float]] = {}
        for title, _ in candidates:
            own = [item for item in results if item.title == title]
            ratios[title] = [item.ratio for item in own]
            failed = next((item.failed for item in own if item.failed), '')
            tried = zip(ratios[title], linear.folds, strict=False)
            folds = [] if failed else [ratio * score for ratio, score in tried]
            result = TrialResult(title=title, seconds=sum(r.seconds for r in own), failed=failed)
            # In the measure of all splits, of which it was tried on the first.
            self._board.enter(title, folds, result, geometric_mean(ratios[title]) * linear.score)
        good = {
            title: geometric_mean(own) for title, own in ratios.items() if np.isfinite(own).all()
        }
        if not good:
            return 'Linear: every network failed.', None
        title = min(good, key=good.__getitem__)
        far = ratios[title][0] if self._board.has_far else 0.0
        if good[title] >= WORTH_IT or far > HARDLY_WORSE:
            return self._linear_because(title, good[title], far), None
        settings = dict(candidates)[title]
        return '', TrainingTrial(
            data=self._data,
            title=title,
            settings=settings,
            fold=0,
            folder=self._where(settings),
        )

    def _members(
        self, chosen: TrainingTrial, linear: LinearScore, plan: Plan
    ) -> tuple[str, list[Member]]:
        """Train the chosen network on all splits; return why, and its members if it stays best."""
        title, settings = chosen.title, chosen.settings
        results = self._train([(title, settings, fold) for fold in range(plan.folds)])
        ratios = [item.ratio for item in results]
        failed = next((item.failed for item in results if item.failed), '')
        if failed:
            return f'Linear: the best network, {title}, failed on a split. {failed}', []
        total = geometric_mean(ratios) if np.isfinite(ratios).all() else np.inf
        far = float(ratios[0]) if self._board.has_far else 0.0
        if total >= WORTH_IT or far > HARDLY_WORSE:
            return self._linear_because(title, total, far), []
        members = []
        for fold, split in enumerate(self._data.split()):
            checkpoint = trained(replace(chosen, fold=fold))
            members.append(Member(checkpoint, split.held_out, split.learn_from))
        self._board.choose(title, total * linear.score)
        on_far = f', {far:.4f} on the farthest motion' if far else ''
        return (
            f'{title}: its error on motions it has not seen is {total:.4f} of that of the best '
            f'linear model{on_far}.'
        ), members

    def _linear_because(self, title: str, ratio: float, far: float) -> str:
        """Return why the linear model is taken."""
        on_far = f', {far:.4f} on the farthest motion' if far else ''
        return (
            f'Linear: on motions it has not seen the error of the best network, {title}, is '
            f'{ratio:.4f} of that of the best linear model{on_far}; it takes less than {WORTH_IT} '
            f'and no more than {HARDLY_WORSE} there to be worth it.'
        )

    def _linear_members(self, settings: DynamicsSettings) -> tuple[list[Member], Checkpoint]:
        """Return linear models without each split, and that of all data."""
        members = []
        for fold, split in enumerate(self._data.split()):
            trial = TrainingTrial(
                data=self._data,
                title='linear',
                settings=settings,
                fold=fold,
                folder=self._where(settings),
            )
            members.append(Member(trained(trial), split.held_out, split.learn_from))
        prior = self._data.prior_of(settings)
        last = self._data.split()[0].held_out
        checkpoint = train(
            self._segments, last, settings, folder=self._where(settings) / 'all', prior=prior
        )
        return members, replace(checkpoint, data=checkpoint.data | {'validation': []})

    def _train(self, work: Iterable[tuple[str, DynamicsSettings, int]]) -> list[TrialResult]:
        """Train networks on splits; what failed is listed as such."""
        trials = [
            TrainingTrial(data=self._data, title=t, settings=s, fold=fold, folder=self._where(s))
            for t, s, fold in work
        ]
        found = []
        for number, result in enumerate(self._engine(run_training, trials, lost), 1):
            found.append(result)
            self._progress(number, len(trials), f'train: {result.title}')
        return found

    def _where(self, settings: DynamicsSettings) -> Path:
        """Return the folder of a candidate's checkpoints, another for other settings."""
        text = json.dumps(asdict(settings), sort_keys=True)
        return self._folder / f'{settings.cell}_{sha256(text.encode()).hexdigest()[:8]}'
