# SPDX-License-Identifier: Apache-2.0
"""Training settings from YAML files and from flags."""

from collections.abc import Mapping
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import flatten
from lstm_dynamics_ros.learning.families import AnySettings, training_settings
from lstm_dynamics_ros.learning.settings import TrainingSettings
import yaml

COMMAND_DEFAULTS = AnySettings(dt=0.0)
"""Defaults of the flags: the step is that of the recordings."""

EXAMPLE = """variants:
  base: {hidden_size: 32}
  no memory: {cell: memoryless}"""
"""What a file of variants looks like."""


def read_settings(path: Path | None, flags: AnySettings) -> TrainingSettings:
    """Return the settings of a YAML file, overridden by the flags that were given."""
    values: object = {}
    if path is not None:
        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    if not isinstance(values, Mapping):
        raise DataError(f'{path} must hold a mapping of training settings.')
    given = {
        name: value
        for name, value in vars(flags).items()
        if value != getattr(COMMAND_DEFAULTS, name)
    }
    merged = {'dt': COMMAND_DEFAULTS.dt} | flatten(values) | given
    return training_settings(merged)


def read_variants(path: Path) -> dict[str, TrainingSettings]:
    """Return the settings of every variant by its name, in the order of the file.

    Raises:
        DataError: If the file is not there or laid out differently.
        UnknownNameError: If a variant has an unknown setting.
        ConfigError: If a value is out of range.
    """
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
