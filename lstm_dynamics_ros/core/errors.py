# SPDX-License-Identifier: Apache-2.0
"""Every error this package raises on purpose.

Each message says what was expected, what came, and what is known or how to fix it. The command
line prints the message of an :class:`LstmDynamicsError` on one line and exits with code 2.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from lstm_dynamics_ros.core.extras import EXTRAS, ROS


class LstmDynamicsError(Exception):
    """Base class of all errors raised by this package."""


class UnknownNameError(LstmDynamicsError):
    """A name that is not in a registry."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        hint = f' Did you mean {close[0]!r}?' if close else ''
        super().__init__(f'Unknown {kind} {name!r}. Known: {", ".join(names) or "none"}.{hint}')


class ShapeError(LstmDynamicsError):
    """An array whose shape does not fit the model."""

    def __init__(self, what: str, expected: tuple[int, ...], got: tuple[int, ...]) -> None:
        super().__init__(f'{what} must have shape {expected}, got {got}.')


class ConfigError(LstmDynamicsError):
    """A setting of the wrong type or outside its allowed range."""


class JointNamesError(LstmDynamicsError):
    """Joint names that do not match those of the model or robot."""

    def __init__(self, expected: Sequence[str], got: Sequence[str]) -> None:
        self.missing = [name for name in expected if name not in got]
        hints = []
        for name in self.missing:
            prefixed = [other for other in got if other.endswith(name)]
            close = prefixed or get_close_matches(name, list(got), n=1, cutoff=0.4)
            hints.append(f'{name} -> {close[0]}?' if close else f'{name} -> no similar name')
        super().__init__(
            f'Joint names do not match. Expected {list(expected)}, got {list(got)}. '
            f'Closest: {"; ".join(hints) or "all expected names are there, in another order"}. '
            'Use joint_prefix or joint_map to rename.'
        )


class DataError(LstmDynamicsError):
    """A recording, bag or table that cannot be used as it is."""


class NoJointStatesError(DataError):
    """A bag without sensor_msgs/msg/JointState."""

    def __init__(self, path: object, topics: Iterable[tuple[str, str]]) -> None:
        listed = ', '.join(f'{name} ({kind})' for name, kind in topics) or 'none'
        super().__init__(f'{path} has no sensor_msgs/msg/JointState topic. Its topics: {listed}.')


class TooShortError(DataError):
    """Data too short for even one training window."""

    def __init__(self, longest: float, needed: float) -> None:
        super().__init__(
            f'The longest gap-free stretch is {longest:.2f} s, but one window needs '
            f'{needed:.2f} s. Record longer, or choose a smaller washout or rollout.'
        )


class ModelFileError(LstmDynamicsError):
    """A model file that failed one of the checks made at load."""

    def __init__(self, path: object, check: str, detail: str) -> None:
        self.check = check
        super().__init__(f'Model {path} failed the {check} check: {detail}')


class ExportError(LstmDynamicsError):
    """A trained model that could not be proven fit for use, so no file was written."""


class TrainingError(LstmDynamicsError):
    """Training that cannot start or go on."""


class WorkerError(LstmDynamicsError):
    """Work that a process was given which died of it, twice."""

    def __init__(self) -> None:
        super().__init__('The worker died twice, killed or out of memory.')


class MissingLibraryError(LstmDynamicsError):
    """A part of the package whose optional dependency is not installed.

    Args:
        library: Name that it is imported with, one of :data:`.extras.EXTRAS`.
        version: The version that is needed, if another one is installed.
        extra: The extra to install, if not that of the library.
    """

    def __init__(self, library: str, version: str = '', *, extra: str = '') -> None:
        self.library = library
        needed = f'{library} {version}'.strip()
        source = 'source ROS 2 or install' if library in ROS else 'install'
        super().__init__(
            f'This needs {needed}, which is not installed. To have it, {source} the extra: '
            f"pip install 'lstm_dynamics_ros[{extra or EXTRAS[library]}]'"
        )
