# SPDX-License-Identifier: Apache-2.0
"""How fast training is beside a bare torch loop over the same recurrent layer and batches."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
import time
from typing import Any

from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.dataset import (
    EpochSampler,
    loader,
    WindowBatch,
    WindowDataset,
)
from lstm_dynamics_ros.learning.training.linear_start import prepare
from lstm_dynamics_ros.learning.training.losses import column_weights
from lstm_dynamics_ros.learning.training.provenance import digest, versions
from lstm_dynamics_ros.learning.training.update import make_optimizer, training_loss, update
from lstm_dynamics_ros.learning.training.validation import reference_errors
import numpy as np
import torch
from torch import nn, Tensor


def benchmark_training(
    settings: ForwardSettings | None = None,
    *,
    n_joints: int = 7,
    updates: int = 10,
    rounds: int = 7,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Time updates of ours and of a bare loop in turn, so that both see the same machine.

    The bare loop has an ``nn.LSTM`` (or ``nn.GRU``) of the same sizes, a linear layer, the mean
    squared error and AdamW, on windows of the same shape that are already in memory. Ours loads
    its windows, normalises, runs the delay line and the head, and clips the gradient. Both are
    teacher-forced; free runs are timed apart.

    Args:
        settings: What is trained.
        n_joints: Joints of the made-up robot.
        updates: Updates per round.
        rounds: Rounds of each.
        progress: Called after each round.

    Returns:
        Medians [s per update] and ratios to the bare loop: ``bare``, ``teacher_forced``,
        ``with_free_runs``, ``ratio``, ``ratio_with_free_runs``, and what was measured.
    """
    chosen = settings or ForwardSettings()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    forced = replace(chosen, rollouts_per_window=0)
    ours = _Ours(forced, n_joints, updates)
    free = _Ours(chosen, n_joints, updates)
    bare = _Bare(ours, updates)
    runs = {'bare': bare.run, 'teacher_forced': ours.run, 'with_free_runs': free.run}
    times = _times(runs, updates, rounds, progress)
    medians = {name: median(values) for name, values in times.items()}
    pairs = zip(times['teacher_forced'], times['bare'], strict=True)
    return {
        **medians,
        'ratio': median(a / b for a, b in pairs),
        'ratio_with_free_runs': medians['with_free_runs'] / medians['bare'],
        'unit': 's per update',
        'cell': chosen.cell,
        'hidden_size': chosen.hidden_size,
        'input_size': ours.model.cell.input_size,
        'window_steps': forced.sequence_steps,
        'batch_size': chosen.batch_size,
        'threads': torch.get_num_threads(),
        'updates': updates,
        'rounds': rounds,
        'seed': chosen.seed,
        'data_sha256': digest(ours.runs),
        'versions': versions(),
    }


def training_table(result: Mapping[str, Any]) -> str:
    """Return what :func:`benchmark_training` found, for a terminal."""
    rows = [
        [title, f'{1e3 * result[key]:.1f}', f'{result[ratio]:.2f}' if ratio else '']
        for title, key, ratio in (
            ('bare torch loop', 'bare', ''),
            ('ours, teacher-forced', 'teacher_forced', 'ratio'),
            ('ours, with free runs', 'with_free_runs', 'ratio_with_free_runs'),
        )
    ]
    return text_table(['update of', 'median [ms]', 'over a bare torch loop'], rows)


def _times(
    runs: Mapping[str, Callable[[], None]], updates: int, rounds: int, progress: Progress
) -> dict[str, list[float]]:
    """Return how long an update of each took in every round [s]; a first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for done in range(rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if done:
                times[name].append((time.perf_counter() - start) / updates)
        progress(done, rounds, 'training throughput')
    return times


class _Ours:
    """The updates of this package, on a made-up robot."""

    def __init__(self, settings: ForwardSettings, n_joints: int, updates: int) -> None:
        self.settings = settings
        self.updates = updates
        segment = _made_up(settings, n_joints)
        self.runs = runs = [columns(segment, settings)]
        dataset = WindowDataset(runs, settings)
        sampler = EpochSampler(len(dataset), settings.batch_size, updates, settings.seed)
        self.loader = loader(dataset, sampler)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = DynamicsModel(settings, segment.joint_types)
        prepare(
            self.model,
            runs,
            ridge=settings.ridge or 1e-3,
            history=settings.history_steps,
            dt=settings.dt,
        )
        self.scale = reference_errors(self.model, runs, settings)
        self.optimizer, _ = make_optimizer(self.model, settings)
        self.weights = column_weights(settings, n_joints)
        self.horizon = settings.rollout_steps if settings.rollouts_per_window else 0
        self.generator = torch.Generator().manual_seed(settings.seed)

    def run(self) -> None:
        """Do the updates."""
        for windows in self.loader:
            loss = training_loss(
                self.model,
                windows,
                self.scale,
                self.settings,
                self.weights,
                horizon=self.horizon,
                generator=self.generator,
            )
            update(self.model, self.optimizer, loss, self.settings.gradient_clip)


class _Bare:
    """A plain training loop over the same recurrent layer."""

    def __init__(self, ours: _Ours, updates: int) -> None:
        cell = ours.model.cell
        kind = nn.GRU if ours.settings.cell == 'gru' else nn.LSTM
        self._layers: nn.LSTM | nn.GRU = kind(cell.input_size, cell.hidden_size, cell.num_layers)
        self._output = nn.Linear(cell.hidden_size, ours.model.n_targets)
        parameters = [*self._layers.parameters(), *self._output.parameters()]
        self._optimizer = torch.optim.AdamW(parameters, ours.settings.learning_rate)
        batches: list[WindowBatch] = list(ours.loader)
        size = batches[0].observations.shape[:2]
        self._pairs: list[tuple[Tensor, Tensor]] = [
            (torch.randn(*size, cell.input_size), batch.targets.contiguous())
            for batch in batches[:updates]
        ]

    def run(self) -> None:
        """Do the updates."""
        for inputs, targets in self._pairs:
            self._optimizer.zero_grad(set_to_none=True)
            hidden, _ = self._layers(inputs)
            loss = nn.functional.mse_loss(self._output(hidden), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()


def _made_up(settings: ForwardSettings, n_joints: int) -> Segment:
    """Return a smooth random motion of damped joints, long enough for many windows."""
    steps = 4 * settings.sequence_steps + 1000
    random = np.random.default_rng(0)
    t = settings.dt * np.arange(steps)[:, None]
    rate = random.uniform(1.0, 6.0, n_joints)
    phase = random.uniform(0.0, 6.0, n_joints)
    position = np.sin(rate * t + phase)
    velocity = rate * np.cos(rate * t + phase)
    effort = -(rate**2) * position + 0.3 * velocity
    noise = random.normal(size=(3, steps, n_joints))
    return Segment(
        name='made up',
        joint_names=tuple(f'joint{i + 1}' for i in range(n_joints)),
        joint_types=('revolute',) * n_joints,
        dt=settings.dt,
        start_index=0,
        position=position + 1e-5 * noise[0],
        velocity=velocity + 1e-3 * noise[1],
        effort=effort + 1e-2 * noise[2],
        filled=np.zeros(steps, np.bool_),
    )
