# SPDX-License-Identifier: Apache-2.0
"""Commands and protocols that other packages bring: found by entry point, loaded when needed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points

from lstm_dynamics_ros.core.extras import EXTRAS
from lstm_dynamics_ros.core.lazy import loaded_attribute

COMMANDS = 'lstm_dynamics_ros.commands'
"""Group of the commands of `lstm-dynamics`; one named ``a.b`` is called with `a b`."""

PROTOCOLS = 'lstm_dynamics_ros.protocols'
"""Group of what scores a model as a published data set does: functions, or mappings of them."""

BENCH = 'lstm_dynamics_bench'
"""The second package of this repository, which fills both groups."""


@dataclass(frozen=True, kw_only=True)
class Extension:
    """Something that may not be imported yet."""

    name: str
    path: str
    """Where it is, as ``module:attribute``."""
    key: str = ''
    """Which one it is, where the attribute is a mapping of several."""

    @property
    def extra(self) -> str:
        """What brings the libraries it needs; empty if each names its own extra."""
        return EXTRAS.get(self.path.partition('.')[0], '')

    def load(self) -> object:
        """Import it.

        Raises:
            MissingLibraryError: If a library that it needs is not installed.
        """
        found = loaded_attribute(self.path, self.extra)
        return found[self.key] if self.key and isinstance(found, Mapping) else found


def extensions(group: str) -> dict[str, Extension]:
    """Return what is registered in a group of entry points, by name."""
    return {
        point.name: Extension(name=point.name, path=point.value)
        for point in entry_points(group=group)
    }


def protocols() -> dict[str, Extension]:
    """Return the protocols of published data sets by name; what provides them is imported.

    Raises:
        MissingLibraryError: If a library that they need is not installed.
    """
    found: dict[str, Extension] = {}
    for name, item in extensions(PROTOCOLS).items():
        provided = item.load()
        keys = provided if isinstance(provided, Mapping) else {}
        found |= {key: replace(item, name=key, key=key) for key in keys} or {name: item}
    return found
