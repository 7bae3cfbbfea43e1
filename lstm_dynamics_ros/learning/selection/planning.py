# SPDX-License-Identifier: Apache-2.0
"""Making a plan: sizes from the amount of data, updates from a short timing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
import time

from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import usable
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.members import check_size, recurrent_weights
from lstm_dynamics_ros.learning.selection.candidates import recurrent_candidates
from lstm_dynamics_ros.learning.selection.plan import (
    CELLS_TRIED,
    Cost,
    EPOCHS,
    Plan,
    size_for,
    updates_within,
)
from lstm_dynamics_ros.learning.selection.trials import Data
from lstm_dynamics_ros.learning.training.epochs import Given
from lstm_dynamics_ros.learning.training.trainer import DynamicsTraining

TIMED_UPDATES = 3
"""Updates that are timed to make a plan."""


def too_little(segments: Sequence[Segment], linear: DynamicsSettings) -> str:
    """Return why no network can be trained on data, or nothing if one can.

    Args:
        segments: All data.
        linear: The linear model that a network would start from.
    """
    rows = sum(len(segment) for segment in segments)
    smallest = replace(linear, cell='gru', hidden_size=size_for(rows))
    try:
        check_size(segments, smallest)
    except TrainingError:
        types = segments[0].joint_types
        needed = recurrent_weights(smallest, types) / (len(types) * len(linear.targets))
        return (
            f'Linear: too little data for a network. {rows * linear.dt:.0f} s are here; the '
            f'smallest takes {needed * linear.dt:.0f} s.'
        )
    return ''


def first_plan(
    base: DynamicsSettings, segments: Sequence[Segment], data: Data, budget: float, workers: int
) -> Plan:
    """Return a plan without a number of updates.

    Args:
        base: What was asked for; settings that differ from their default are left as they are.
        segments: All data.
        data: How they are split.
        budget: Time for all of it [min].
        workers: Processes that share the work.
    """
    default = type(base)()
    size = size_for(sum(len(segment) for segment in segments))
    size = size if base.hidden_size == default.hidden_size else base.hidden_size
    head = base.head_size if base.head_size != default.head_size else size
    folds = len(data.split())
    return Plan(
        budget=budget,
        workers=workers,
        folds=folds,
        trial_folds=min(2, folds),
        cells=CELLS_TRIED if base.cell == default.cell else (base.cell,),
        hidden_size=size,
        head_size=head if base.horizon else 0,
        burn_in_steps=data.washout_steps,
        window_steps=data.window_steps - data.washout_steps - base.horizon,
        updates_per_epoch=1,
        epochs=EPOCHS,
        seed=base.seed,
    )


def timed_plan(
    plan: Plan, base: DynamicsSettings, linear: DynamicsSettings, data: Data, seconds: float
) -> Plan:
    """Return the plan with as many updates as a time allows.

    Args:
        plan: From :func:`first_plan`.
        base: What was asked for.
        linear: The linear model that the networks start from.
        data: The data.
        seconds: Time that is left, of each of the plan's workers [s].
    """
    fold = data.split()[0]
    costs = {}
    for _, settings in recurrent_candidates(base, linear, plan):
        short = replace(settings, updates_per_epoch=TIMED_UPDATES)
        with TemporaryDirectory() as folder:
            given = Given(fold.learn_from, fold.held_out, short, Path(folder), None, None)
            costs[settings.cell] = _cost(given, data, plan)
    cells, updates = updates_within(max(seconds, 0.0) * plan.workers, costs, plan)
    return replace(plan, cells=cells, updates_per_epoch=max(1, updates // plan.epochs))


def _cost(given: Given, data: Data, plan: Plan) -> Cost:
    """Return what a training takes, from a few updates of it at its full length."""
    settings = given.settings
    prior = data.prior_of(settings)
    ready = given._replace(
        learn_from=usable(given.learn_from, settings, prior),
        stop_by=usable(given.stop_by, settings, prior),
        prior=prior,
    )
    began = time.perf_counter()
    training = DynamicsTraining(ready)
    prepared = time.perf_counter()
    training.held_out_error()
    judged = time.perf_counter()
    training.run_epoch(settings.max_epochs - 1)
    done = time.perf_counter()
    # Validated before the first epoch and after each, and once more beside its linear start.
    validations = (plan.epochs + 3) * (judged - prepared)
    return Cost(prepared - began + validations, (done - judged) / TIMED_UPDATES)
