# SPDX-License-Identifier: Apache-2.0
"""Model families, one per file: their settings, and where their code is. Free of torch.

A new file in this folder is found by itself.
"""

from collections.abc import Mapping
from dataclasses import field, fields, make_dataclass, replace
from typing import Any, TYPE_CHECKING

from lstm_dynamics_ros.core.card import MODEL_KINDS
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import build, parameter, setting_of
from lstm_dynamics_ros.core.registry import import_submodules
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.settings import MODELS, TrainingSettings

import_submodules(__name__, list(__path__))

SWITCH = 'torque_observer'
"""Setting that asks, where true, for the family of its name."""


def family_of(values: Mapping[str, object]) -> str:
    """Return the name of the model family that training settings ask for.

    Args:
        values: Settings by name. ``family`` names it; without, ``torque_observer``, ``model_kind``
            and ``features`` do.

    Raises:
        ConfigError: If they name two families.
        UnknownNameError: If there is no such family, or no such kind of model.
    """
    name, observer = values.get('family', ''), values.get(SWITCH, False)
    if name and observer and name != SWITCH:
        raise ConfigError(f'family is {name}, but {SWITCH} asks for the family {SWITCH}.')
    if name:
        if name not in MODELS:
            raise UnknownNameError(MODELS.kind, str(name), MODELS)
        return str(name)
    if observer:
        return SWITCH
    kind, features = values.get('model_kind', 'forward'), values.get('features')
    if kind not in MODEL_KINDS:
        raise UnknownNameError('model_kind', str(kind), MODEL_KINDS)
    if kind == 'forward':
        return 'forward'
    moving = isinstance(features, list | tuple) and 'acceleration' in features
    return 'control' if moving else 'inverse'


def training_settings(
    values: Mapping[str, object], *, leave_out_foreign: bool = False
) -> TrainingSettings:
    """Return the settings of the model family that values ask for.

    Args:
        values: Settings by name. Names left out keep the defaults of the family.
        leave_out_foreign: Leave out settings of other families, instead of refusing them.
            Checkpoints that were made when there was one class of settings hold all.

    Raises:
        ConfigError: If a setting is of another family, of the wrong type or out of range.
        UnknownNameError: If no family has a setting of a name.
    """
    family = family_of(values)
    known = [item.name for item in fields(MODELS[family])]
    own = {name: value for name, value in values.items() if name != SWITCH}
    if not own.get('family'):
        own['family'] = family
    for name in [name for name in own if name not in known]:
        others = [item for item in MODELS if name in MODELS[item].__dataclass_fields__]
        if not others:
            raise UnknownNameError(f'setting of the model family {family}', name, known)
        if not leave_out_foreign:
            raise ConfigError(
                f'{name} is a setting of the model family {" and ".join(others)}, the model '
                f'family {family} has none of that name. It knows: {", ".join(sorted(known))}.'
            )
        del own[name]
    return build(MODELS[family], own)


def _any_settings() -> type:
    """Return a dataclass with the settings of all families, to parse a command line with."""
    found = {item.name: item for item in fields(TrainingSettings)}
    owners: dict[str, list[str]] = {name: list(MODELS) for name in found}
    for name in sorted(MODELS, key=lambda name: name != 'forward'):
        for item in fields(MODELS[name]):
            found.setdefault(item.name, item)
            owners.setdefault(item.name, []).append(name)
    made: list[tuple[str, Any, Any]] = []
    for name, item in found.items():
        setting = setting_of(item)
        if len(owners[name]) < len(list(MODELS)):
            text = f'{setting.description} Only of: {", ".join(sorted(set(owners[name])))}.'
            setting = replace(setting, description=text)
        known = {'setting': setting, 'help': setting.help}
        made.append((name, item.type, field(default=item.default, metadata=known)))
    made.append((SWITCH, bool, parameter(False, 'Ask for the model family torque_observer.')))
    return make_dataclass('AnySettings', made, frozen=True, kw_only=True)


if TYPE_CHECKING:

    class AnySettings(ForwardSettings):
        """Settings of all families, to parse a command line with."""

else:
    AnySettings = _any_settings()
