# SPDX-License-Identifier: Apache-2.0
"""Where a model came from: data, code and libraries, for the model card."""

from collections.abc import Mapping, Sequence
from datetime import datetime, UTC
from hashlib import sha256
from importlib import metadata
from pathlib import Path
import platform
import subprocess

import lstm_dynamics_ros
from lstm_dynamics_ros.core.card import PAST_KIND, Range
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.signals.disturbance import (
    disturbance_scale,
    estimates,
    MEMORY,
    RANGE_NAME,
)
import numpy as np
import torch

USUAL = (0.005, 0.995)
"""Quantiles between which the payload of the training data is counted as inside."""

_LIBRARIES = ('torch', 'onnx', 'onnxruntime', 'numpy')


def digest(runs: Sequence[Trajectory]) -> str:
    """Return the sha256 over the names and values of trajectories, as hexadecimal digits."""
    total = sha256()
    for run in runs:
        total.update(run.name.encode())
        total.update(run.observations.numpy().tobytes())
        total.update(run.targets.numpy().tobytes())
    return total.hexdigest()


def feature_ranges(
    names: Sequence[str], runs: Sequence[Trajectory], earlier: Mapping[str, Range] | None
) -> dict[str, Range]:
    """Return the range of each feature over trajectories, widened by that of earlier training."""
    count = sum(len(run.observations) for run in runs)
    mean = torch.stack([run.observations.double().sum(0) for run in runs]).sum(0) / count
    squares = [((run.observations.double() - mean) ** 2).sum(0) for run in runs]
    std = (torch.stack(squares).sum(0) / count).sqrt()
    result = {}
    for i, name in enumerate(names):
        low = min(float(run.observations[:, i].min()) for run in runs)
        high = max(float(run.observations[:, i].max()) for run in runs)
        if earlier and name in earlier:
            low, high = min(low, earlier[name].minimum), max(high, earlier[name].maximum)
        result[name] = Range(minimum=low, maximum=high, mean=float(mean[i]), std=float(std[i]))
    return result


def payload_range(
    names: Sequence[str],
    runs: Sequence[Trajectory],
    ranges: Mapping[str, Range],
    dt: float,
    earlier: Mapping[str, Range] | None,
) -> dict[str, Range]:
    """Return the range of the payload over trajectories, by its name, if the model has one.

    Without the extremes: when a payload changes, the estimate is off for a moment.

    Args:
        names: Names of the features.
        runs: Training data.
        ranges: Ranges of the features: their spread weighs the joints against each other.
        dt: Step of the grid [s].
        earlier: Ranges of earlier training.
    """
    columns = {
        kind: [i for i, name in enumerate(names) if name.startswith(f'{kind}.')]
        for kind in ('disturbance', PAST_KIND)
    }
    if not columns[PAST_KIND]:
        return {}
    scale = disturbance_scale([ranges[names[i]].std for i in columns['disturbance']])
    settled = round(2 * MEMORY / dt)
    found = []
    for run in runs:
        rows = run.observations.double().numpy()
        disturbance, past = rows[:, columns['disturbance']], rows[:, columns[PAST_KIND]]
        found.append(estimates(disturbance, past, scale, dt)[settled:])
    masses = np.concatenate(found)
    if not len(masses):
        return {}
    low, high = (float(value) for value in np.quantile(masses, USUAL))
    if earlier and RANGE_NAME in earlier:
        low = min(low, earlier[RANGE_NAME].minimum)
        high = max(high, earlier[RANGE_NAME].maximum)
    return {
        RANGE_NAME: Range(
            minimum=low, maximum=high, mean=float(masses.mean()), std=float(masses.std())
        )
    }


def versions() -> dict[str, str]:
    """Return the versions of this package, Python and the libraries that made a model."""
    found = {'lstm_dynamics_ros': lstm_dynamics_ros.__version__}
    found['python'] = platform.python_version()
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_commit() -> str | None:
    """Return the commit this package runs from, or None outside of its own git clone."""
    folder = Path(lstm_dynamics_ros.__file__).parent
    if not (folder.parent / '.git').exists():
        return None
    try:
        command = ['git', 'rev-parse', 'HEAD']
        quiet = subprocess.DEVNULL
        done = subprocess.check_output(command, cwd=folder, text=True, timeout=5, stderr=quiet)
        return done.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def now() -> str:
    """Return the time, UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec='seconds')
