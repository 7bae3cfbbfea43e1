# SPDX-License-Identifier: Apache-2.0
"""Tests of where a model says it came from."""

from datetime import datetime, timedelta, UTC

import lstm_dynamics_ros
from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.training.provenance import (
    digest,
    feature_ranges,
    git_commit,
    now,
    payload_range,
    versions,
)
import numpy as np
import pytest
import torch


def run(seed: int) -> Trajectory:
    rows = torch.randn(50, 2, generator=torch.Generator().manual_seed(seed))
    return Trajectory('run', rows, rows)


def test_the_digest_changes_with_any_value() -> None:
    a, b = run(0), run(0)
    assert digest([a]) == digest([b])
    b.observations[3, 1] += 1e-6
    assert digest([a]) != digest([b])


def test_ranges_are_those_of_all_runs() -> None:
    made = feature_ranges(['a', 'b'], [run(0), run(1)], None)
    rows = np.vstack([run(0).observations, run(1).observations]).astype(float)
    assert made['b'].minimum == pytest.approx(rows[:, 1].min())
    assert made['b'].mean == pytest.approx(rows[:, 1].mean())
    assert made['b'].std == pytest.approx(rows[:, 1].std())


def test_ranges_are_widened_by_earlier_training() -> None:
    earlier = {'a': Range(minimum=-9.0, maximum=0.0, mean=0.0, std=1.0)}
    made = feature_ranges(['a', 'b'], [run(0)], earlier)
    assert made['a'].minimum == -9.0
    assert made['a'].maximum > 0


def test_the_range_of_the_payload_is_that_of_the_masses_that_explain_the_runs() -> None:
    names = ['disturbance.a', 'disturbance.b', 'payload_past.a', 'payload_past.b']
    runs = []
    for mass in (0.5, 2.5):
        past = 5.0 + torch.randn(1000, 2, generator=torch.Generator().manual_seed(1))
        rows = torch.cat([mass * past, past], 1)
        runs.append(Trajectory(f'{mass} kg', rows, rows))
    ranges = feature_ranges(names, runs, None)
    made = payload_range(names, runs, ranges, 0.005, None)['payload']
    assert (made.minimum, made.maximum) == pytest.approx((0.5, 2.5))
    earlier = {'payload': Range(minimum=-1.0, maximum=2.0, mean=0.0, std=1.0)}
    made = payload_range(names, runs, ranges, 0.005, earlier)['payload']
    assert (made.minimum, made.maximum) == pytest.approx((-1.0, 2.5))
    assert payload_range(names[:2], runs, ranges, 0.005, None) == {}


def test_versions_name_this_package_and_torch() -> None:
    found = versions()
    assert found['lstm_dynamics_ros'] == lstm_dynamics_ros.__version__
    assert torch.__version__.startswith(found['torch'].split('+')[0])


def test_the_commit_is_a_hash_or_nothing() -> None:
    commit = git_commit()
    assert commit is None or (len(commit) == 40 and int(commit, 16) >= 0)


def test_the_time_is_utc() -> None:
    made = datetime.fromisoformat(now())
    assert made.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)
