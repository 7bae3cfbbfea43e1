# SPDX-License-Identifier: Apache-2.0
"""Training by epochs: restartable at any moment, and the same every time it is run.

The folder holds ``last.pt``, all that is needed to go on, and ``best.pt``, the model with the
smallest held-out error so far. Everything random is drawn from seed and epoch, so a training
that was killed and resumed ends with the very same weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
import math
from pathlib import Path
import pkgutil
from typing import Any, cast, NamedTuple

from lstm_dynamics_ros.core.errors import JointNamesError, TrainingError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, signals, usable
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.models.base import build_model
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.checkpoint import (
    Checkpoint,
    FORMAT,
    read,
    write_atomically,
)
from lstm_dynamics_ros.learning.training.dataset import epoch_generator
from lstm_dynamics_ros.learning.training.provenance import digest, feature_ranges, payload_range
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch


def train(
    train_segments: Sequence[Segment],
    validation_segments: Sequence[Segment],
    settings: TrainingSettings,
    *,
    folder: str | Path,
    init: Checkpoint | str | Path | None = None,
    prior: RigidBodyPrior | None = None,
    progress: Progress = no_progress,
) -> Checkpoint:
    """Train a model of any family, or go on with a training that was interrupted.

    Args:
        train_segments: Data to learn from.
        validation_segments: Data to stop by, from other trajectories.
        settings: What to train, and how.
        folder: Where ``last.pt`` and ``best.pt`` are kept. If there is a ``last.pt`` of the same
            settings and data, training goes on from it.
        init: Model to start from (fine-tuning). Its normalisation, or what was identified, is
            kept.
        prior: Rigid-body prior of a model that has one.
        progress: Called after each epoch.

    Returns:
        The model with the smallest held-out error.

    Raises:
        ConfigError: If the settings do not go together.
        DataError: If the data cannot be used.
        TooShortError: If no segment holds one window.
        JointNamesError: If the segments, or the model to start from, have other joints.
        TrainingError: If the folder holds another training, or the loss is not finite.
        KeyboardInterrupt: As it came; ``last.pt`` is that of the last finished epoch.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    learn_from = usable(train_segments, settings, prior)
    stop_by = usable(validation_segments, settings, prior)
    joints = learn_from[0].joint_names
    if stop_by[0].joint_names != joints:
        raise JointNamesError(joints, stop_by[0].joint_names)
    start = Checkpoint.load(Path(init)) if isinstance(init, str | Path) else init
    if start is not None:
        start.check_fits(settings, joints)
    kind = cast('type[Epochs]', pkgutil.resolve_name(settings.trainer))
    return kind(Given(learn_from, stop_by, settings, Path(folder), start, prior)).finish(progress)


class Given(NamedTuple):
    """What one training is made of."""

    learn_from: Sequence[Segment]
    """Usable segments to learn from."""
    stop_by: Sequence[Segment]
    """Usable segments to stop by."""
    settings: Any
    """What to train, and how: :class:`.TrainingSettings` of the family."""
    folder: Path
    """Where checkpoints are kept."""
    start: Checkpoint | None
    """Model to start from."""
    prior: RigidBodyPrior | None
    """Rigid-body prior of a model that has one."""


class Epochs(ABC):
    """One training: model, optimiser, and what has been reached.

    Subclasses set optimiser and schedule, prepare the model and call :meth:`resume`.
    """

    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    settling: float = 0.0
    """Share of the epochs before which patience does not count."""

    settings: TrainingSettings

    def __init__(self, given: Given) -> None:
        learn_from, stop_by, settings, self.folder, start, prior = given
        self.settings = settings
        self.history: list[dict[str, float]] = []
        self.best_error, self.best_epoch = math.inf, -1
        self.joints = learn_from[0].joint_names, learn_from[0].joint_types
        self.learned = [columns(segment, settings) for segment in learn_from]
        self.held_out = [columns(segment, settings) for segment in stop_by]
        self.names = [item.name for item in signals(settings.signals, *self.joints)]
        self.prior = None if prior is None else prior.description()
        earlier = None if start is None else start.ranges
        self.ranges = feature_ranges(self.names, self.learned, earlier)
        self.ranges |= payload_range(self.names, self.learned, self.ranges, settings.dt, earlier)
        self.data: dict[str, Any] = {
            'train': sorted({run.name for run in self.learned}),
            'validation': sorted({run.name for run in self.held_out}),
            'sha256': digest([*self.learned, *self.held_out]),
            'floored_features': [],
            'ripple': [],
            'fine_tuned_from': None if start is None else start.data['sha256'],
        }
        """What the training is of; another one is not gone on with."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = build_model(settings, self.joints[1])

    @abstractmethod
    def losses(self, epoch: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
        """Yield the loss of each update of an epoch, after the update before it."""

    @abstractmethod
    def update(self, loss: torch.Tensor) -> None:
        """Take one step down the gradient."""

    @abstractmethod
    def held_out_error(self) -> float:
        """Return the error of the model as it is on held-out data."""

    def run_epoch(self, epoch: int) -> float:
        """Run the updates of one epoch and return the mean loss."""
        generator = epoch_generator(self.settings.seed, epoch, stream=1)
        total = 0.0
        with torch.random.fork_rng(devices=[]):  # dropout draws from torch's own numbers
            torch.manual_seed(generator.initial_seed())
            for loss in self.losses(epoch, generator):
                self.check_loss(loss, epoch)
                self.update(loss)
                self.schedule.step()
                total += float(loss.detach())
        return total / self.settings.updates_per_epoch

    def found(self) -> dict[str, Any] | None:
        """Return what the folder holds of this training, if anything.

        Raises:
            TrainingError: If it holds another training.
        """
        path = self.folder / 'last.pt'
        if not path.exists():
            return None
        values = read(path)
        known = vars(training_settings(values['settings'], leave_out_foreign=True))
        changed = [k for k, v in vars(self.settings).items() if known.get(k) != v]
        if changed or values['data'] != self.data:
            what = f'settings {", ".join(changed)}' if changed else 'data'
            raise TrainingError(
                f'{self.folder} holds a training with other {what}. Choose another folder, or '
                'delete it to start anew.'
            )
        return values

    def resume(self, values: dict[str, Any] | None) -> None:
        """Take up what :meth:`found` returned."""
        if values is None:
            return
        self.model.load_state_dict(values['model'])
        self.optimizer.load_state_dict(values['optimizer'])
        self.schedule.load_state_dict(values['schedule'])
        self.history = values['history']
        self.best_error, self.best_epoch = values['best_error'], values['best_epoch']

    def finish(self, progress: Progress) -> Checkpoint:
        """Run the epochs that are left and return the best model."""
        settings = self.settings
        if not self.history:
            self._record(math.nan)
        epochs = settings.max_epochs if self.model.learned_weights() else 0
        while len(self.history) <= epochs and not self._is_stale():
            loss = self.run_epoch(len(self.history) - 1)
            self._record(loss)
            now = self.history[-1]
            text = (
                f'loss {now["loss"]:.4f}, held-out error {now["error"]:.4f} of '
                f'{settings.compared_to} (best {self.best_error:.4f})'
            )
            progress(len(self.history) - 1, epochs, text)
        return Checkpoint.load(self.folder / 'best.pt')

    def check_loss(self, loss: torch.Tensor, epoch: int) -> None:
        """Raise TrainingError if a loss is not finite."""
        if not torch.isfinite(loss):
            raise TrainingError(
                f'The loss became {float(loss.detach())} in epoch {epoch + 1}. The best model '
                f'so far is {self.folder / "best.pt"}. Try a smaller learning_rate or '
                'gradient_clip, shorter rollout_steps, or look for outliers in the data.'
            )

    def _is_stale(self) -> bool:
        epoch = len(self.history) - 1
        settled = epoch > self.settling * self.settings.max_epochs
        return settled and epoch - self.best_epoch >= self.settings.patience

    def _record(self, loss: float) -> None:
        """Judge the model on held-out data and save it."""
        epoch = len(self.history)
        self.model.eval()
        error = self.held_out_error()
        self.model.train()
        self.history.append({'epoch': float(epoch), 'loss': loss, 'error': error})
        if error < self.best_error or self.best_epoch < 0:
            self.best_error, self.best_epoch = error, epoch
            self._checkpoint().save(self.folder / 'best.pt')
        write_atomically(
            self.folder / 'last.pt',
            {
                'format': FORMAT,
                'settings': asdict(self.settings),
                'data': self.data,
                'model': self.model.state_dict(),
                'optimizer': self.optimizer.state_dict(),
                'schedule': self.schedule.state_dict(),
                'history': self.history,
                'best_error': self.best_error,
                'best_epoch': self.best_epoch,
            },
        )

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            settings=self.settings,
            joint_names=self.joints[0],
            joint_types=self.joints[1],
            weights=self.model.state_dict(),
            ranges=self.ranges,
            data=self.data,
            prior=self.prior,
            history=tuple(self.history),
            best_epoch=self.best_epoch,
            best_error=self.best_error,
        )
