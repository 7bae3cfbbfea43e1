# SPDX-License-Identifier: Apache-2.0
"""Passes of a torque observer: each a stiction detector and the filter that takes its result.

Passes do the same one after the other. What a pass estimates of the motion is an input of the
next one's detector: the first detector sees efforts alone, and an effort is worth more where it is
known how much of it is gravity. A pass learns nothing of those after it, so all run forward in
time together, and one step of one is followed by the same step of the next.
"""

from collections.abc import Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.learning.torque_observer.filter import diagonal, TorqueFilter
from lstm_dynamics_ros.learning.torque_observer.inverse_regression import InverseRegression
from lstm_dynamics_ros.learning.torque_observer.stiction_detector import StictionDetector
import torch
from torch import nn, Tensor

FIRST_HIDDEN, LATER_HIDDEN = 32, 48
"""Widths of the stiction detectors, by cross-validation as all that is theirs."""


class PassMemory(NamedTuple):
    """What the filter and the stiction detector of one pass remember, each with N rows."""

    mean: Tensor
    """Predicted state, normalised, shape (N, 3 n_joints)."""
    covariance: Tensor
    """Its covariance, shape (N, 3 n_joints, 3 n_joints)."""
    hidden: Tensor
    """Hidden state of the stiction detector, shape (N, H)."""


class Memory(NamedTuple):
    """What all passes remember, each part with N rows."""

    passes: tuple[PassMemory, ...]
    effort: Tensor
    """Last effort, shape (N, n_joints)."""

    def packed(self) -> Tensor:
        """Return all parts side by side, shape (N, E)."""
        parts = []
        for own in self.passes:
            parts += [own.mean, own.covariance.flatten(1), own.hidden]
        return torch.cat([*parts, self.effort], 1)


def memory_size(n_joints: int, hidden: Sequence[int]) -> int:
    """Return the length E of a packed memory, from the width H of each pass's detector."""
    m = 3 * n_joints
    return sum(m + m * m + width for width in hidden) + n_joints


def unpacked(flat: Tensor, n_joints: int, hidden: Sequence[int]) -> Memory:
    """Return the parts of a packed memory, shape (N, E)."""
    m = 3 * n_joints
    passes, first = [], 0
    for width in hidden:
        ends = (first + m, first + m + m * m, first + m + m * m + width)
        passes.append(
            PassMemory(
                flat[:, first : ends[0]],
                flat[:, ends[0] : ends[1]].reshape(-1, m, m),
                flat[:, ends[1] : ends[2]],
            )
        )
        first = ends[2]
    return Memory(tuple(passes), flat[:, first:])


class PassInput(NamedTuple):
    """What goes into a pass beside its memory. With a time T in front for a whole sequence."""

    observation: Tensor
    """SI units, shape (N, F)."""
    before: Tensor
    """Efforts one step before, shape (N, n_joints)."""
    known: Tensor
    """1 where the motion is measured, 0 where it is not, shape (N, 1)."""
    earlier: Tensor | None = None
    """Features of the passes before, side by side, shape (N, E); None in the first."""

    def pick(self, which: Tensor) -> 'PassInput':
        """Return some of the rows of a whole sequence."""
        earlier = None if self.earlier is None else self.earlier[:, which]
        return PassInput(
            self.observation[:, which], self.before[:, which], self.known[:, which], earlier
        )

    def after(self, output: 'PassOutput') -> 'PassInput':
        """Return what goes into the next pass."""
        before = [] if self.earlier is None else [self.earlier]
        return self._replace(earlier=torch.cat([*before, output.features], -1))


class PassOutput(NamedTuple):
    """What a pass estimates in a step, in float64. With a time T in front for a whole sequence."""

    features: Tensor
    """Those of the filter, stillness and rough velocity, shape (N, 10 n_joints)."""
    ahead: Tensor
    """State predicted for the next step, normalised, shape (N, 3 n_joints)."""
    now: Tensor
    """State of this step, normalised, shape (N, 3 n_joints)."""
    width: Tensor
    """Standard deviation of position and velocity ahead, normalised, shape (N, 2 n_joints)."""


class FilterPass(nn.Module):
    """Stiction detector and filter of one pass. Pure: it keeps nothing.

    Args:
        joint_types: Type of each joint.
        earlier: Passes before this one.
    """

    def __init__(self, joint_types: Sequence[str], earlier: int) -> None:
        super().__init__()
        n = len(joint_types)
        self.filter = TorqueFilter(InverseRegression(joint_types))
        hidden = LATER_HIDDEN if earlier else FIRST_HIDDEN
        self.stillness = StictionDetector(n, hidden=hidden, earlier=earlier * 10 * n)

    def step(
        self, given: PassInput, memory: PassMemory, fresh: Tensor
    ) -> tuple[PassOutput, PassMemory]:
        """Take one step.

        Args:
            given: What is measured.
            memory: Memory before the step.
            fresh: True where nothing was seen before, shape (N, 1).

        Returns:
            What the pass estimates, and the memory after the step.
        """
        n = self.filter.n_joints
        effort = given.observation[:, 2 * n :]
        still, rough, hidden = self.stillness.step(
            effort, given.before, memory.hidden, given.earlier
        )
        return self._filter(given, memory._replace(hidden=hidden), still, rough, fresh)

    def sequence(
        self, given: PassInput, memory: PassMemory, fresh: Tensor, wanted: Sequence[int] = ()
    ) -> tuple[PassOutput, list[PassMemory]]:
        """Take the steps of a sequence.

        Args:
            given: What is measured, time first.
            memory: Memory before the first step.
            fresh: True where nothing was seen before the first step, shape (N, 1).
            wanted: Steps after which the memory is wanted.

        Returns:
            What the pass estimates, time first, and the memory after each of the steps wanted.
        """
        effort = given.observation[..., 2 * self.filter.n_joints :]
        probability, speed, kept, done, now = [], [], {}, 0, memory.hidden
        for stop in sorted({*(step + 1 for step in wanted), len(effort)}):
            part = slice(done, stop)
            earlier = None if given.earlier is None else given.earlier[part].float()
            still, rough, after = self.stillness(
                effort[part], given.before[part], now.unsqueeze(0), earlier
            )
            probability.append(still)
            speed.append(rough)
            now, done = after[0], stop
            kept[stop - 1] = now
        still, rough, steps, memories = torch.cat(probability), torch.cat(speed), [], []
        for k in range(len(effort)):
            here = PassInput(given.observation[k], given.before[k], given.known[k])
            made, memory = self._filter(here, memory, still[k], rough[k], fresh)
            fresh = torch.zeros_like(fresh)
            steps.append(made)
            if k in wanted:
                memories.append(memory._replace(hidden=kept[k]))
        return PassOutput(*(torch.stack(parts) for parts in zip(*steps, strict=True))), memories

    def _filter(
        self, given: PassInput, memory: PassMemory, still: Tensor, rough: Tensor, fresh: Tensor
    ) -> tuple[PassOutput, PassMemory]:
        """Take one step of the filter. Its memory is kept as float32, as in the file."""
        n = self.filter.n_joints
        seen = given.observation.double()
        position, velocity, effort = seen[:, :n], seen[:, n : 2 * n], seen[:, 2 * n :]
        mean, covariance = self.filter.start(position, velocity)
        mean = torch.where(fresh, mean, memory.mean.double())
        covariance = torch.where(fresh.unsqueeze(2), covariance, memory.covariance.double())
        made = self.filter.step(
            mean,
            covariance,
            position=position,
            known=given.known.double(),
            effort=effort,
            still=still.double(),
            rough=rough.double(),
        )
        features = torch.cat([made.features, still.double(), rough.double()], 1)
        width = diagonal(made.covariance, 3 * n)[:, : 2 * n].clamp_min(0).sqrt()
        after = PassMemory(made.mean.float(), made.covariance.float(), memory.hidden)
        return PassOutput(features, made.mean, made.now, width), after


class Passes(nn.ModuleList):
    """All passes of a torque observer, in their order. Pure: it keeps nothing.

    Args:
        joint_types: Type of each joint.
        count: How many.
    """

    def __init__(self, joint_types: Sequence[str], count: int) -> None:
        super().__init__(FilterPass(joint_types, k) for k in range(count))

    def each(self) -> list[FilterPass]:
        """Return the passes."""
        return cast('list[FilterPass]', list(self))

    @property
    def hidden(self) -> list[int]:
        """Widths of the stiction detectors."""
        return [own.stillness.cell.hidden_size for own in self.each()]

    def step(
        self, observation: Tensor, memory: Memory, *, fresh: Tensor, known: Tensor
    ) -> tuple[list[PassOutput], Memory]:
        """Take one step.

        Args:
            observation: SI units, shape (N, F).
            memory: Memory before the step.
            fresh: True where nothing was seen before, shape (N, 1).
            known: 1 where the motion is measured, 0 where it is not, shape (N, 1).

        Returns:
            What each pass estimates, and the memory after the step.
        """
        effort = observation[:, -memory.effort.shape[1] :]
        given = PassInput(observation, torch.where(fresh, effort, memory.effort), known)
        outputs, kept = [], []
        for own, remembered in zip(self.each(), memory.passes, strict=True):
            output, after = own.step(given, remembered, fresh)
            given = given.after(output)
            outputs.append(output)
            kept.append(after)
        return outputs, Memory(tuple(kept), effort)

    def sequence(
        self,
        observations: Tensor,
        memory: Memory,
        *,
        fresh: Tensor,
        known: Tensor,
        wanted: Sequence[int] = (),
    ) -> tuple[list[PassOutput], list[Memory]]:
        """Take the steps of a sequence.

        Args:
            observations: SI units, shape (T, N, F).
            memory: Memory before the first step.
            fresh: True where nothing was seen before the first step, shape (N, 1).
            known: 1 where the motion is measured, 0 where it is not, shape (T, N, 1).
            wanted: Steps after which the memory is wanted, in rising order.

        Returns:
            What each pass estimates, time first, and the memory after each of the steps wanted.
        """
        efforts = observations[..., -memory.effort.shape[1] :]
        first = torch.where(fresh, efforts[0], memory.effort).unsqueeze(0)
        given = PassInput(observations, torch.cat([first, efforts[:-1]]), known)
        outputs, kept = [], []
        for own, remembered in zip(self.each(), memory.passes, strict=True):
            output, memories = own.sequence(given, remembered, fresh, wanted)
            given = given.after(output)
            outputs.append(output)
            kept.append(memories)
        return outputs, [
            Memory(tuple(own[k] for own in kept), efforts[step]) for k, step in enumerate(wanted)
        ]
