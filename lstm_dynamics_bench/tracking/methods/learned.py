# SPDX-License-Identifier: Apache-2.0
"""The learned corrections of this package, behind the whole pipeline as in the node."""

from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from lstm_dynamics_bench.tracking.methods.base import (
    GivenModels,
    Method,
    METHODS,
    Prepared,
    Settings,
)
from lstm_dynamics_ros.control.base import ControllerConfig, Prior
from lstm_dynamics_ros.control.feedforward import (
    FeedforwardConfig,
    FeedforwardDobConfig,
    largest_bandwidth,
)
from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    AT_ONCE,
    open_gate,
    PipelineCorrector,
)
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel

DEFAULT = 'feedforward_dob'
"""Name of the default controller."""


class Learned(Method):
    """A controller with a model file."""

    classical = False
    model: ClassVar[str] = 'residual'
    """What the model file is for."""

    def absent(self, given: GivenModels) -> str:
        """See the base class."""
        return '' if self.model in given.models else f'there is no {self.model} model'

    def corrector(
        self, case: Case, given: GivenModels, config: ControllerConfig
    ) -> PipelineCorrector:
        """Return a fresh pipeline with a controller, for one case."""
        loaded, prior = _loaded(given.models[self.model])
        pipeline = Pipeline(
            loaded,
            PipelineSettings(horizon_steps=0, latency=case.latency),
            controller=config,
            gate=open_gate(case),
            prior=prior,
            safety=AT_ONCE,
        )
        return PipelineCorrector(case, pipeline)


@METHODS.register('feedforward')
class LearnedFeedforward(Learned):
    """The recurrent feed-forward alone."""

    title = 'recurrent feed-forward'

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:  # noqa: ARG002
        """See the base class."""
        return Prepared(corrector=self.corrector(case, given, FeedforwardConfig()))


@METHODS.register('memoryless')
class MemorylessFeedforward(LearnedFeedforward):
    """A network without memory, as large and trained on the same data."""

    title = 'memoryless feed-forward'
    model = 'memoryless'


@METHODS.register(DEFAULT)
class LearnedFeedforwardDob(Learned):
    """The recurrent feed-forward and a slow observer: the default controller."""

    title = 'recurrent feed-forward + observer'
    grid: ClassVar[tuple[Settings, ...]] = tuple(
        {'bandwidth': g} for g in (5.0, 10.0, 15.0, 20.0, 25.0, 60.0)
    )
    quick_grid: ClassVar[tuple[Settings, ...]] = tuple({'bandwidth': g} for g in (10.0, 20.0))

    def prepare(self, case: Case, settings: Settings, given: GivenModels) -> Prepared:
        """See the base class. The bandwidth is lowered to what keeps 60 degrees of margin."""
        most = largest_bandwidth(case.latency, PERIOD)
        bandwidth = min(settings['bandwidth'], 0.999 * most)
        config = FeedforwardDobConfig(bandwidth=bandwidth)
        return Prepared(corrector=self.corrector(case, given, config))


def shipped_models(robot: str) -> dict[str, Path]:
    """Return the model files that come along for a robot, by what they are for."""
    known = assets('models', '*.onnx')
    return {
        what: known[f'{robot}_{what}']
        for what in ('forward', 'residual', 'memoryless')
        if f'{robot}_{what}' in known
    }


@lru_cache(maxsize=4)
def _loaded(path: Path) -> tuple[LoadedModel, Prior | None]:
    """Return a model and its prior; every process reads a file once."""
    loaded = load_model(path)
    card = loaded.card
    if card.physics_prior is None:
        return loaded, None
    return loaded, RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
