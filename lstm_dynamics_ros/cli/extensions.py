# SPDX-License-Identifier: Apache-2.0
"""Commands and protocols of the second package, which this one never imports by name.

They are found through the entry points of what is installed.
"""

from importlib.metadata import entry_points
from typing import Any

from lstm_dynamics_ros.core.errors import MissingLibraryError

COMMANDS = 'lstm_dynamics_ros.commands'
"""Group of entry points that are commands; ``benchmark.real`` is `benchmark real`."""

PROTOCOLS = 'lstm_dynamics_ros.protocols'
"""Group of entry points that score a model as a published data set does."""

PACKAGE, EXTRA = 'lstm_dynamics_bench', 'bench'


def extension_names(group: str) -> tuple[str, ...]:
    """Return the names that are registered in a group, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def extension(group: str, name: str) -> Any:  # noqa: ANN401 - whatever is registered
    """Load what is registered under a name.

    Raises:
        MissingLibraryError: If nothing is registered, or a library it needs is not installed.
    """
    for entry in entry_points(group=group, name=name):
        try:
            return entry.load()
        except ModuleNotFoundError as error:
            raise MissingLibraryError(str(error.name), EXTRA) from error
    raise MissingLibraryError(PACKAGE, EXTRA)
