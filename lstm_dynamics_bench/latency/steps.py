# SPDX-License-Identifier: Apache-2.0
"""How long one step takes: our preallocated step beside a plain ``session.run``.

The two are timed in turn, a short block of one and then of the other, so that whatever else the
machine does falls on both; the ratio is taken block by block.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
import gc
from time import perf_counter_ns
from typing import Any

from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.library_versions import library_versions
from lstm_dynamics_ros.evaluation.metrics import MetricError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
from numpy.typing import NDArray

BLOCK = 50
"""Steps of one contender before it is the other's turn."""

HEAD = ('', 'p50', 'p99', 'p99.9', 'max')
"""Columns of the table."""

WARM_UP = 500
"""Steps of each before anything is timed."""


@dataclass(frozen=True, kw_only=True)
class LatencySummary:
    """Percentiles of durations [us]."""

    n: int
    p50: float
    p99: float
    p99_9: float
    max: float

    @classmethod
    def of(cls, durations_ns: NDArray[np.int64]) -> 'LatencySummary':
        """Summarise durations [ns].

        Raises:
            MetricError: If there is none.
        """
        if not len(durations_ns):
            raise MetricError('There is no duration to summarise.')
        p50, p99, p99_9 = np.percentile(durations_ns, [50, 99, 99.9]) / 1e3
        return cls(
            n=len(durations_ns),
            p50=float(p50),
            p99=float(p99),
            p99_9=float(p99_9),
            max=float(durations_ns.max()) / 1e3,
        )

    def to_json(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)

    def cells(self) -> list[str]:
        """Return the percentiles as text, see :data:`HEAD`."""
        return [f'{value:.1f}' for value in (self.p50, self.p99, self.p99_9, self.max)]


@dataclass(frozen=True, kw_only=True)
class LatencyBenchmark:
    """The durations of each contender and how they compare."""

    model_name: str
    model_sha256: str
    seed: int
    summaries: Mapping[str, LatencySummary]
    """By contender: ``step``, ``session_run``, and further ones that were given."""
    ratio: float
    """Median over blocks of step over session_run."""
    ratio_quartiles: tuple[float, float]
    """First and third quartile of it."""
    versions: Mapping[str, str] = field(default_factory=dict)
    files: int | None = None
    """Files that an armed tick executes; None if they were not counted."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values, durations in us."""
        return {
            'model': {'name': self.model_name, 'sha256': self.model_sha256},
            'seed': self.seed,
            'latency_us': {name: s.to_json() for name, s in self.summaries.items()},
            'step_over_session_run': {
                'median': self.ratio,
                'quartiles': list(self.ratio_quartiles),
            },
            'versions': dict(self.versions),
            'files': self.files,
        }

    def text(self) -> str:
        """Return the table for a terminal."""
        n = next(iter(self.summaries.values())).n
        low, high = self.ratio_quartiles
        rows = [[name, *summary.cells()] for name, summary in self.summaries.items()]
        if self.files is not None:
            rows.append(['files of an armed tick', str(self.files), '', '', ''])
        lines = [
            f'Latency of one step of {self.model_name}, {n} steps [us]',
            text_table(HEAD, rows),
            f'step / session_run, paired: {self.ratio:.2f} (quartiles {low:.2f} to {high:.2f})',
            ', '.join(f'{name} {value}' for name, value in self.versions.items()),
        ]
        return '\n'.join(lines)


def benchmark_latency(
    loaded: LoadedModel,
    *,
    steps: int = 20_000,
    seed: int = 0,
    others: Mapping[str, Callable[[], object]] | None = None,
    progress: Progress = no_progress,
) -> LatencyBenchmark:
    """Time single steps of a model, batch 1.

    Args:
        loaded: The model.
        steps: Steps of each contender, rounded up to whole blocks.
        seed: Of the inputs.
        others: Further things to time in turn with them, by name, e.g. a whole pipeline tick.
        progress: Called with steps done, steps in all, and what is being done.
    """
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(256, len(loaded.card.features))).astype(np.float32)
    contenders: dict[str, Callable[[], object]] = {
        'step': _preallocated(loaded, inputs),
        'session_run': _plain(loaded, inputs),
        **(others or {}),
    }
    blocks = -(-steps // BLOCK)
    durations = {name: np.zeros((blocks, BLOCK), np.int64) for name in contenders}
    for call in contenders.values():
        for _ in range(WARM_UP):
            call()
    collecting = gc.isenabled()
    gc.disable()  # As the node does while it runs; a collection would fall on whoever is timed.
    try:
        for block in range(blocks):
            for name, call in contenders.items():
                row = durations[name][block]
                for i in range(BLOCK):
                    start = perf_counter_ns()
                    call()
                    row[i] = perf_counter_ns() - start
            if block % 20 == 0:
                progress(block, blocks, 'latency')
    finally:
        if collecting:
            gc.enable()
    ratios = np.median(durations['step'], axis=1) / np.median(durations['session_run'], axis=1)
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return LatencyBenchmark(
        model_name=loaded.card.name,
        model_sha256=loaded.sha256,
        seed=seed,
        summaries={name: LatencySummary.of(rows.ravel()) for name, rows in durations.items()},
        ratio=float(middle),
        ratio_quartiles=(float(low), float(high)),
        versions=library_versions(),
    )


def _preallocated(loaded: LoadedModel, inputs: NDArray[np.float32]) -> Callable[[], object]:
    """Return one step as our runtime takes it."""
    step = OnnxStep(loaded)
    count = 0

    def call() -> object:
        nonlocal count
        step.obs[0] = inputs[count % len(inputs)]
        count += 1
        return step.step()

    return call


def _plain(loaded: LoadedModel, inputs: NDArray[np.float32]) -> Callable[[], object]:
    """Return one step as a user would write it: arrays in, arrays out, states handed on."""
    card, session = loaded.card, loaded.session
    shape = (card.num_layers, 1, card.hidden_size)
    states = {f'{name}_in': np.zeros(shape, np.float32) for name in card.state_names}
    outputs = ['prediction', *(f'{name}_out' for name in card.state_names)]
    count = 0

    def call() -> object:
        nonlocal count
        row = inputs[count % len(inputs)][None]
        count += 1
        prediction, *after = session.run(outputs, {'obs': row, **states})
        states.update(zip(states, after, strict=True))
        return prediction

    return call
