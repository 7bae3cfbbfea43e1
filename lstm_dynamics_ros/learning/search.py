# SPDX-License-Identifier: Apache-2.0
"""Choosing settings by cross-validation inside the training data, never on a test split.

Each variant is trained as an ensemble whose members leave out one part of the trajectories each,
and judged by the errors of each member on what it did not see.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
import json
import math
from pathlib import Path
import time

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.export.calibration import calibrate, Table
from lstm_dynamics_ros.learning.members import recurrent_weights, train_members
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.provenance import digest
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one variant is worth, in cross-validation."""

    name: str
    settings: TrainingSettings
    errors: Table
    """RMSE per joint: errors[horizon][kind]['model'], as in the model card."""
    weights: int
    """Weights of cell and head of one member."""
    seconds: float
    """Processor time of the training of all members [s]."""

    def over(self, other: 'Outcome') -> float:
        """Return the error over that of another outcome on the same data.

        The geometric mean over horizons, kinds (without the effort that a forward model predicts
        for its own use) and joints of the ratio of the RMSEs. Infinite if it diverged.
        """
        logs = [
            math.log(mine / theirs) if math.isfinite(mine) else math.inf
            for horizon, kinds in self.errors.items()
            for kind, entry in kinds.items()
            if kind != 'effort' or self.settings.model_kind != 'forward'
            for mine, theirs in zip(
                entry['model'], other.errors[horizon][kind]['model'], strict=True
            )
        ]
        return math.exp(sum(logs) / len(logs))


def cross_validate(
    name: str,
    segments: Sequence[Segment],
    settings: TrainingSettings,
    *,
    folder: Path,
    prior: RigidBodyPrior | None = None,
    progress: Progress = no_progress,
) -> Outcome:
    """Train one variant on all splits and measure its errors, or read what was measured before.

    Args:
        name: Name of the variant.
        segments: All training data.
        settings: The variant; ``members`` is the number of splits.
        folder: Where its checkpoints and its outcome are kept.
        prior: Rigid-body prior of a residual model.
        progress: Called after each epoch.

    Raises:
        TrainingError: If there is only one member, so that most data are never unseen.
    """
    if settings.members < 2:
        raise TrainingError(
            f'{name} must have members >= 2, one per split, got {settings.members}.'
        )
    began = time.process_time()
    members = train_members(segments, settings, folder=folder, prior=prior, progress=progress)
    seconds = time.process_time() - began
    parts = [
        (m.checkpoint.model(), [columns(s, settings) for s in usable(m.held_out, settings, prior)])
        for m in members
    ]
    stamp = {
        'settings': json.loads(json.dumps(asdict(settings))),
        'data': [digest(runs) for _, runs in parts],
    }
    path = folder / 'outcome.json'
    known = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    if known.get('stamp') != stamp:
        known = {
            'stamp': stamp,
            'errors': calibrate(parts, settings, burn_in=settings.burn_in_steps).errors,
            'weights': recurrent_weights(settings, segments[0].joint_types),
            'seconds': seconds,
        }
        write_text(path, json.dumps(known) + '\n')
    return Outcome(
        name=name,
        settings=settings,
        errors=known['errors'],
        weights=known['weights'],
        seconds=known['seconds'],
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the comparison with the first variant as text, best first."""
    base = outcomes[0]
    width = max(len(item.name) for item in outcomes) + 2
    lines = [f'{"variant":{width}}error over {base.name}   weights   training [s]']
    ranked = sorted(outcomes, key=lambda item: item.over(base))
    lines += [
        f'{item.name:{width}}{item.over(base):{len(base.name) + 11}.3f}{item.weights:10d}'
        f'{item.seconds:15.0f}'
        for item in ranked
    ]
    if any(a.over(base) == b.over(base) for a, b in pairwise(ranked)):
        lines.append('note: equal figures mean that a setting had no effect')
    return '\n'.join(lines)
