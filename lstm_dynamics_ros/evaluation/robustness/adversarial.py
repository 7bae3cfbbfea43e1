# SPDX-License-Identifier: Apache-2.0
"""The worst disturbance of a bounded size, beside a random one of the same size.

Every measured input of a short window may be off by up to a share of its standard deviation in
training. Which way, is chosen by somebody who knows the model and wants its error at the end of
the window to be large (projected gradient ascent, given from outside because it needs gradients);
or by a coin for every value. No sensor is that malicious: the worst case bounds what any
disturbance of the size can do, and its distance from the random one tells how far the model
amplifies in a direction that the data do not show. All figures come from the model file as the
robot runs it.

Source: A. Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018.
"""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.metrics import short_error
from lstm_dynamics_ros.evaluation.robustness.answers import Channel
from lstm_dynamics_ros.evaluation.robustness.base import (
    Attack,
    Perturbation,
    PERTURBATIONS,
    RobustnessCase,
    Tick,
)
from lstm_dynamics_ros.evaluation.robustness.result import channel_errors, Curve, Level
from lstm_dynamics_ros.evaluation.robustness.streams import follow, ReplayTrack, Tensor
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import roll
import numpy as np
from numpy.typing import NDArray

STEPS = 20
"""Length of the disturbed window [steps]."""

WINDOWS = 32
"""Most windows that are attacked."""

DRAWS = 8
"""Random disturbances of each window."""


class AttackedWindows(NamedTuple):
    """What a model saw before the moments that are attacked."""

    observations: Tensor
    """Shape (n_steps, n_windows, n_features)."""
    states: tuple[Tensor, ...]
    """Hidden states before the windows, each (n_layers, n_windows, n_hidden)."""
    effort: NDArray[np.float64]
    """Measured effort after the window, shape (n_ahead - 1, n_windows, n_joints)."""
    targets: dict[str, Matrix]
    """What is true by channel, shape (n_windows, n_joints)."""

    def repeated(self, times: int) -> 'AttackedWindows':
        """Return all windows several times, one whole set after the other."""
        return AttackedWindows(
            np.tile(self.observations, (1, times, 1)),
            tuple(np.tile(part, (1, times, 1)) for part in self.states),
            np.tile(self.effort, (1, times, 1)),
            {label: np.tile(rows, (times, 1)) for label, rows in self.targets.items()},
        )


@PERTURBATIONS.register('adversarial')
class Adversarial(Perturbation):
    """Disturbances of bounded size: worst and random."""

    name = 'adversarial'
    unit = 'x std in training'
    variants: ClassVar[Mapping[str, str]] = {
        'adversarial': f'Worst disturbance of the last {STEPS} steps, bounded',
        'adversarial_random': f'Random disturbance of the last {STEPS} steps, of the same size',
    }
    sizes = (0.001, 0.003, 0.01, 0.03)
    order = 3

    def work(self, case: RobustnessCase) -> int:
        """See the base class."""
        return 0 if isinstance(case.attack, str) else 2 + len(case.subject.channels)

    def measure(self, case: RobustnessCase, tick: Tick) -> list[Curve]:
        """See the base class."""
        if isinstance(case.attack, str):
            return []
        loaded = case.subject.loaded
        windows = _windows(case)
        tick('windows')
        quiet = np.zeros(windows.observations.shape)
        channels = case.subject.channels
        clean = {c.label: _error(loaded, windows, quiet, c) for c in channels}
        bound = _bounds(case)
        rng = case.rng(self.name, 0)
        drawn = windows.repeated(DRAWS)
        random = []
        for size in self.sizes:
            signs = rng.choice([-1.0, 1.0], drawn.observations.shape)
            shift = _consistent(size * bound * signs, loaded.card)
            random.append(_level(case, size, drawn, dict.fromkeys(channels, shift), clean))
        tick('random')
        worst: list[dict[Channel, NDArray[np.floating]]] = [{} for _ in self.sizes]
        for channel in channels:
            attacks = self._attacked(case, case.attack, windows, bound, clean, channel)
            for found, attack in zip(worst, attacks, strict=True):
                found[channel] = attack
            tick(f'worst case of {channel.label}')
        start = _level(case, 0.0, windows, dict.fromkeys(channels, quiet), clean)
        attacked = [
            _level(case, size, windows, found, clean)
            for size, found in zip(self.sizes, worst, strict=True)
        ]
        return [
            Curve(name=name, title=title, unit=self.unit, levels=(start, *levels))
            for (name, title), levels in zip(
                self.variants.items(), (attacked, random), strict=True
            )
        ]

    def notes(self, case: RobustnessCase) -> tuple[str, ...]:
        """See the base class."""
        if isinstance(case.attack, str):
            return (f'The worst disturbance was not looked for: {case.attack}.',)
        return (
            f'The worst disturbance was looked for with {case.attack.method}, on '
            f'{min(WINDOWS, sum(len(t.rows) for t in case.tracks))} windows, for every figure on '
            'its own; it is a lower bound of what is possible. Each measured input is within '
            'the size of its value; the random one is at that bound with a random sign, '
            f'{DRAWS} draws.',
        )

    def _attacked(
        self,
        case: RobustnessCase,
        attack: Attack,
        windows: AttackedWindows,
        bound: Vector,
        clean: Mapping[str, Matrix],
        channel: Channel,
    ) -> list[Tensor]:
        """Return the worst disturbance of every size; all sizes are attacked at once."""
        n, every = windows.observations.shape[1], windows.repeated(len(self.sizes))
        rms = np.sqrt(np.mean(clean[channel.label] ** 2, axis=0))
        found = attack(
            every.observations,
            every.states,
            every.targets[channel.label],
            1.0 / np.maximum(rms, 1e-9),
            np.repeat(self.sizes, n)[:, None] * bound,
            kind=channel.kind,
            effort=every.effort[: max(channel.ahead - 1, 0)],
            seed=case.seed,
        )
        return [found[:, i * n : (i + 1) * n] for i in range(len(self.sizes))]


def _level(
    case: RobustnessCase,
    size: float,
    windows: AttackedWindows,
    shifts: Mapping[Channel, NDArray[np.floating]],
    clean: Mapping[str, Matrix],
) -> Level:
    """Return the figures of windows, each channel under its own disturbance."""
    figures, lost = {}, 0
    for channel, shift in shifts.items():
        errors = _error(case.subject.loaded, windows, shift, channel)
        undisturbed = clean[channel.label]
        undisturbed = np.tile(undisturbed, (len(errors) // len(undisturbed), 1))
        figures[channel.label] = channel_errors(
            errors, undisturbed, windows.targets[channel.label]
        )
        lost += int((~np.isfinite(errors).all(axis=1)).sum())
    return Level(size=size, figures=figures, answered=1.0, age=0.0, restarts=0, not_finite=lost)


def _windows(case: RobustnessCase) -> AttackedWindows:
    """Return windows that end where answers are asked, spread evenly."""
    subject = case.subject
    total = sum(len(track.rows) for track in case.tracks)
    parts = []
    for track in case.tracks:
        room = track.rows[track.rows >= STEPS]
        n = max(1, round(min(WINDOWS, total) * len(track.rows) / total))
        if len(room):
            rows = np.unique(room[np.linspace(0, len(room) - 1, n).round().astype(int)])
            parts.append(_of_track(case, track, rows))
    labels = [channel.label for channel in subject.channels]
    return AttackedWindows(
        np.concatenate([p.observations for p in parts], 1),
        tuple(np.concatenate(part, 1) for part in zip(*(p.states for p in parts), strict=True)),
        np.concatenate([p.effort for p in parts], 1),
        {label: np.concatenate([p.targets[label] for p in parts]) for label in labels},
    )


def _of_track(
    case: RobustnessCase, track: ReplayTrack, rows: NDArray[np.int64]
) -> AttackedWindows:
    """Return the windows of one track that end at some of its grid points."""
    subject = case.subject
    seen = subject.seen(track)
    followed = follow(subject.loaded, [track.placed], [rows - STEPS], [list(seen)])[0]
    past = rows[None] + np.arange(1 - STEPS, 1)[:, None]
    ahead = rows[None] + np.arange(1, max(subject.horizon, 1))[:, None]
    asked = track.at(rows)
    return AttackedWindows(
        seen[past],
        followed.states,
        track.signals['effort'][ahead],
        {channel.label: subject.truth(asked, channel) for channel in subject.channels},
    )


def _bounds(case: RobustnessCase) -> Vector:
    """Return the standard deviation of each feature in training, shape (n_features,).

    Zero where the feature is not measured.
    """
    card, found = case.subject.loaded.card, []
    for number, signal in enumerate(card.features):
        known = card.training_ranges.get(signal.name)
        if signal.kind not in case.subject.measured:
            found.append(0.0)
        elif known is not None:
            found.append(known.std)
        else:
            rows = [case.subject.seen(track)[:, number] for track in case.tracks]
            found.append(float(np.nanstd(np.concatenate(rows))))
    return np.array(found)


def _consistent(shift: NDArray[np.float64], card: ModelCard) -> NDArray[np.float64]:
    """Return a disturbance whose velocity follows from its position, if the node derives it."""
    velocity, position = card.columns('velocity'), card.columns('position')
    if card.velocity_source != 'derived' or velocity is None or position is None:
        return shift
    moved = shift[:, :, position]
    whole = shift.copy()
    whole[:, :, velocity] = np.diff(moved, axis=0, prepend=np.zeros_like(moved[:1])) / card.dt
    return whole


def _error(
    loaded: LoadedModel, windows: AttackedWindows, shift: NDArray[np.floating], channel: Channel
) -> Matrix:
    """Return the errors at the end of disturbed windows, shape (n_windows, n_joints)."""
    card = loaded.card
    step = OnnxStep(loaded, windows.observations.shape[1])
    step.state = windows.states
    for seen, off in zip(windows.observations, shift, strict=True):
        step.obs[:] = seen + off
        prediction = step.step()
    if channel.ahead > 1:
        known = windows.effort[: channel.ahead - 1]
        prediction = roll(step, channel.ahead, effort=known, first=prediction.copy())[-1]
    columns = card.columns(channel.kind, of='targets')
    error = short_error(
        channel.kind, prediction[:, columns] - windows.targets[channel.label], card.joint_types
    )
    return np.asarray(error, np.float64)
