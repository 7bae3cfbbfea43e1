# SPDX-License-Identifier: Apache-2.0
"""Training of a dynamics model on windows of trajectories."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros.core.errors import JointNamesError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, signals, usable
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.dataset import (
    epoch_generator,
    EpochSampler,
    loader,
    WindowDataset,
)
from lstm_dynamics_ros.learning.training.epochs import Epochs
from lstm_dynamics_ros.learning.training.linear_start import prepare
from lstm_dynamics_ros.learning.training.losses import column_weights
from lstm_dynamics_ros.learning.training.provenance import digest, feature_ranges, payload_range
from lstm_dynamics_ros.learning.training.ridge import choose_ridge, RIDGES
from lstm_dynamics_ros.learning.training.update import (
    FREE_RUN_GROWTH,
    free_run_length,
    make_optimizer,
    training_loss,
    update,
)
from lstm_dynamics_ros.learning.training.validation import errors_on, reference_errors, score
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch


def train(
    train_segments: Sequence[Segment],
    validation_segments: Sequence[Segment],
    settings: DynamicsSettings,
    *,
    folder: str | Path,
    init: Checkpoint | str | Path | None = None,
    prior: RigidBodyPrior | None = None,
    progress: Progress = no_progress,
) -> Checkpoint:
    """Train a model, or go on with a training that was interrupted.

    Args:
        train_segments: Data to learn from.
        validation_segments: Data to stop by, from other trajectories.
        settings: What to train, and how.
        folder: Where ``last.pt`` and ``best.pt`` are kept. If there is a ``last.pt`` of the same
            settings and data, training goes on from it.
        init: Model to start from (fine-tuning). Its normalisation is kept.
        prior: Rigid-body prior of a residual model.
        progress: Called after each epoch.

    Returns:
        The model with the smallest held-out error.

    Raises:
        DataError: If the data cannot be used.
        TooShortError: If no segment holds one window.
        JointNamesError: If the segments, or the model to start from, have other joints.
        TrainingError: If the folder holds another training, or the loss is not finite.
        KeyboardInterrupt: As it came; ``last.pt`` is that of the last finished epoch.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    learned = usable(train_segments, settings, prior)
    held_out = usable(validation_segments, settings, prior)
    joints, types = learned[0].joint_names, learned[0].joint_types
    if held_out[0].joint_names != joints:
        raise JointNamesError(joints, held_out[0].joint_names)
    start = Checkpoint.load(Path(init)) if isinstance(init, str | Path) else init
    if start is not None:
        start.check_fits(settings, joints)
    training = _Training(learned, held_out, settings, (joints, types), Path(folder), start, prior)
    training.resume(training.found())
    return training.finish(progress)


class _Training(Epochs):
    """One training: data, model, optimiser, and what has been reached."""

    settings: DynamicsSettings
    settling = FREE_RUN_GROWTH

    def __init__(
        self,
        learn_from: list[Segment],
        stop_by: list[Segment],
        settings: DynamicsSettings,
        joints: tuple[tuple[str, ...], tuple[str, ...]],
        folder: Path,
        start: Checkpoint | None,
        prior: RigidBodyPrior | None,
    ) -> None:
        super().__init__()
        self.settings, self.joints, self.folder = settings, joints, folder
        dataset = WindowDataset(learn_from, settings)
        learned = [columns(segment, settings) for segment in learn_from]
        held_out = [columns(segment, settings) for segment in stop_by]
        self.sampler = EpochSampler(
            len(dataset), settings.batch_size, settings.updates_per_epoch, settings.seed
        )
        self.loader = loader(dataset, self.sampler)
        self.held_out = held_out
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = self.dynamics = DynamicsModel(settings, joints[1])
        floored: list[int] = []
        if start is None:
            floored = prepare(
                self.model,
                learned,
                ridge=settings.ridge or RIDGES[0],
                history=settings.history_steps,
                dt=settings.dt,
                ripple_limit=settings.ripple_limit,
            )
            if not settings.ridge:
                choose_ridge(self.model, learned, held_out, settings)
        else:
            self.model.load_state_dict(start.weights)
        self.scale = reference_errors(self.model, learned, settings)
        self.reference = reference_errors(self.model, held_out, settings)
        self.optimizer, self.schedule = make_optimizer(self.model, settings)
        self.weights = column_weights(settings, self.model.n_joints)
        names = [item.name for item in signals(settings.signals, *joints)]
        self.prior = None if prior is None else prior.description()
        earlier = None if start is None else start.ranges
        self.ranges = feature_ranges(names, learned, earlier)
        self.ranges |= payload_range(names, learned, self.ranges, settings.dt, earlier)
        self.data = {
            'train': sorted({run.name for run in learned}),
            'validation': sorted({run.name for run in held_out}),
            'sha256': digest([*learned, *held_out]),
            'floored_features': [names[i] for i in floored],
            'ripple': [float(n) for n in self.model.ripple],
            'fine_tuned_from': None if start is None else start.data['sha256'],
        }

    def run_epoch(self, epoch: int) -> float:
        """Run the updates of one epoch and return the mean loss."""
        self.sampler.epoch = epoch
        generator = epoch_generator(self.settings.seed, epoch, stream=1)
        with torch.random.fork_rng(devices=[]):  # dropout draws from torch's own numbers
            torch.manual_seed(generator.initial_seed())
            return self._updates(epoch, generator)

    def _updates(self, epoch: int, generator: torch.Generator) -> float:
        """Run the updates of one epoch with given random numbers."""
        total = 0.0
        for windows in self.loader:
            loss = training_loss(
                self.dynamics,
                windows,
                self.scale,
                self.settings,
                self.weights,
                generator=generator,
                horizon=free_run_length(self.settings, epoch),
            )
            self.check_loss(loss, epoch)
            update(self.model, self.optimizer, loss, self.settings.gradient_clip)
            self.schedule.step()
            total += float(loss.detach())
        return total / self.settings.updates_per_epoch

    def held_out_error(self) -> float:
        """Return the error relative to that of the better of the linear start and standing."""
        errors = errors_on(self.dynamics, self.held_out, self.settings)
        return score(errors, self.reference, self.settings, self.model.n_joints)
