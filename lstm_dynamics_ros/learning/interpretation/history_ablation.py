# SPDX-License-Identifier: Apache-2.0
"""History ablation: how far back an output really depends on its inputs.

Derivatives of neighbouring ages are large and cancel where inputs are smooth. So the model is run
again on the recording itself, with all that is older than an age replaced by a constant-velocity
history: inputs held, and positions going on at constant velocity where the model sees velocities,
so that both still agree.
"""

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explanation import Array, HistoryAblation
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
import numpy as np
import torch

AGES = 16
"""Ages from which on the history is replaced."""


@torch.no_grad()
def measure_history_ablation(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    spread: Array,
    progress: Progress = no_progress,
) -> HistoryAblation:
    """Run the model with a constant-velocity history from several ages on.

    Args:
        model: The model.
        output: Outputs that are explained.
        observations: One stretch per moment, which is its last row, shape (T, N, F).
        spread: Standard deviation of each output, shape (D,).
        progress: Called with the ages done.
    """
    steps = len(observations)
    ages = np.unique(np.geomspace(1, steps - 1, AGES).round().astype(int))
    ages = np.concatenate([[0], ages])

    def last(stretch: Array) -> Array:
        rows = model.tensor(stretch)
        predictions, _ = model.sequence(rows, model.zero_state(rows.shape[1]))
        return np.asarray(output(predictions[-1], rows[-1]).double().numpy())

    true = last(observations)
    changes = []
    for number, age in enumerate(ages.tolist()):
        changed = last(constant_velocity_history(model.card, observations, age)) - true
        changes.append(np.sqrt((changed**2).mean(0)) / spread)
        progress(number + 1, len(ages), '')
    return HistoryAblation(ages=ages.astype(np.float64), change=np.array(changes))


def constant_velocity_history(card: ModelCard, observations: Array, age: int) -> Array:
    """Return stretches with a constant-velocity history before an age.

    Positions that go on at constant velocity stop at the edge of the training range.

    Args:
        card: Card of the model.
        observations: Shape (T, N, F).
        age: Age of the oldest row that is kept [steps].
    """
    result = observations.copy()
    kept = len(observations) - 1 - age
    result[:kept] = observations[kept]
    position, velocity = card.columns('position'), card.columns('velocity')
    if position is None or velocity is None:
        return result
    back = card.dt * np.arange(kept, 0, -1)[:, None, None]
    gone = result[:kept, :, position] - back * result[:kept, :, velocity]
    for joint, signal in enumerate(card.features[position]):
        known = card.training_ranges.get(signal.name)
        if known is not None and card.joint_types[joint] != 'continuous':
            here = observations[kept, :, position][:, joint]
            low, high = np.minimum(known.minimum, here), np.maximum(known.maximum, here)
            gone[:, :, joint] = np.clip(gone[:, :, joint], low, high)
    following = np.concatenate([gone[1:], observations[kept : kept + 1, :, position]])[:kept]
    result[:kept, :, position] = gone
    result[:kept, :, velocity] *= gone != following
    return result
