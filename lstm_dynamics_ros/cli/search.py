# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics search`: settings chosen by cross-validation inside the training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import os
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.cli.train import leaving_out
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.parameters import flatten, leaves
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.workflows.pool import pool
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.learning.search import Outcome

EXAMPLE = """variants:
  base: {hidden_size: 32}
  no memory: {cell: memoryless}"""


@dataclass
class Search:
    """Compare settings by cross-validation over the trajectories of the training data.

    The file names variants; each changes some of the settings that all share:

        settings: {model_kind: inverse, members: 4, max_epochs: 20}
        variants:
          base: {}
          larger: {hidden_size: 64}

    Every variant is trained once per member, each without another part of the trajectories, and
    judged on what was left out. Errors are printed relative to the first variant. What was
    trained stays in the folder, so a search that was interrupted goes on.
    """

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags. Leave out those that are kept for a test."""
    variants: Path
    """YAML file with `settings` and `variants`."""
    folder: Path = Path('runs/search')
    """Where checkpoints and outcomes are kept."""
    leave_out: tuple[str, ...] = ()
    """Names of trajectories that are not used at all."""
    only: tuple[str, ...] = ()
    """Train only the variants of these names (and the first)."""
    urdf: Path | None = None
    """Rigid-body prior of the variants that have one."""
    identified: Path | None = None
    """Prior made by `lstm-dynamics identify`, instead of a URDF."""
    workers: int = 0
    """Variants trained side by side; 0 is one per processor."""
    json: Path | None = None
    """Write all figures as JSON to this file."""

    def run(self) -> int:
        """Train all variants, print the table."""
        from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
        from lstm_dynamics_ros.data.segment import natural_step, segments  # noqa: PLC0415
        from lstm_dynamics_ros.learning.search import table  # noqa: PLC0415

        chosen = read_variants(self.variants)
        recordings = leaving_out(read_recordings(self.bags), self.leave_out)
        step = natural_step(recordings)
        jobs = [
            (name, settings if settings.dt else replace(settings, dt=step))
            for i, (name, settings) in enumerate(chosen.items())
            if not self.only or name in self.only or i == 0
        ]
        dts = {settings.dt for _, settings in jobs}
        if len(dts) > 1:
            raise ConfigError(f'All variants must have the same dt, got {sorted(dts)}.')
        dt = dts.pop()
        gridded = [s for recording in recordings for s in segments(recording, dt)]
        prior = self.identified or self.urdf
        work = [(gridded, name, settings, self.folder, prior) for name, settings in jobs]
        outcomes: list[Outcome] = []
        with progress('search') as update, pool(self.workers or os.cpu_count() or 1) as workers:
            for outcome in workers.map(_train, work):
                outcomes.append(outcome)
                update(len(outcomes), len(jobs), f'{outcome.name} is done')
        say(table(outcomes))
        write_json(self.json, {'variants': {item.name: _figures(item, outcomes[0])
                                            for item in outcomes}})  # fmt: skip
        return 0


def read_variants(path: Path) -> dict[str, TrainingSettings]:
    """Return the settings of every variant by its name, in the order of the file.

    Raises:
        DataError: If the file is not there or laid out differently.
        UnknownNameError: If a variant has an unknown setting.
        ConfigError: If a value is out of range.
    """
    import yaml  # noqa: PLC0415

    try:
        values: object = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise DataError(f'{path} cannot be read as YAML: {error}.') from error
    variants = values.get('variants') if isinstance(values, Mapping) else None
    if not isinstance(values, Mapping) or not isinstance(variants, Mapping) or not variants:
        raise DataError(f'{path} must name variants, as in:\n{EXAMPLE}')
    shared = {'dt': 0.0} | flatten(values.get('settings') or {})
    return {
        str(name): training_settings(shared | flatten(own or {})) for name, own in variants.items()
    }


def _train(
    work: 'tuple[Sequence[Segment], str, TrainingSettings, Path, Path | None]',
) -> 'Outcome':
    """Cross-validate one variant, in a worker."""
    from lstm_dynamics_ros.learning.search import cross_validate  # noqa: PLC0415
    from lstm_dynamics_ros.physics.identification.file import read_identified  # noqa: PLC0415
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415

    gridded, name, settings, folder, robot = work
    names, prior = gridded[0].joint_names, None
    if settings.needs_prior and robot is not None:
        urdf = robot.suffix == '.urdf'
        prior = RigidBodyPrior(robot, names) if urdf else read_identified(robot, joint_names=names)
    own = folder / ''.join(c if c.isalnum() else '_' for c in name)
    return cross_validate(name, gridded, settings, folder=own, prior=prior)


def _figures(outcome: 'Outcome', base: 'Outcome') -> dict[str, object]:
    """Return the figures of a variant for ``--json``."""
    default = {leaf.name: leaf.value for leaf in leaves(type(outcome.settings)())}
    changed = {
        leaf.name: leaf.value
        for leaf in leaves(outcome.settings)
        if leaf.value != default[leaf.name]
    }
    return {
        'error_over_first': outcome.over(base),
        'errors': outcome.errors,
        'weights': outcome.weights,
        'training_seconds': outcome.seconds,
        'settings': changed,
    }
