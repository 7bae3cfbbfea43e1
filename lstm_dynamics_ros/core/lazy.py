# SPDX-License-Identifier: Apache-2.0
"""Modules that are loaded when they are first used: nobody waits for what is not needed."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType

from lstm_dynamics_ros.core.errors import MissingLibraryError
from lstm_dynamics_ros.core.extras import EXTRAS


def missing_library(error: ModuleNotFoundError, extra: str = '') -> Exception:
    """Return what to raise where a module was not found: which extra brings it, if one does.

    Args:
        error: What was raised.
        extra: The extra to name; by default that of the library.
    """
    library = (error.name or '').partition('.')[0]
    return MissingLibraryError(library, extra=extra) if extra or library in EXTRAS else error


def load(module: str, extra: str = '') -> ModuleType:
    """Import a module.

    Args:
        module: Its full name.
        extra: What brings the libraries it needs; by default the extra of each library.

    Raises:
        MissingLibraryError: If it needs an optional library that is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise missing_library(error, extra) from error
    except MissingLibraryError as error:
        if not extra:
            raise
        raise MissingLibraryError(error.library, extra=extra) from error


def loaded_attribute(path: str, extra: str = '') -> object:
    """Return what ``module:attribute`` names, as in an entry point; see :func:`load`."""
    module, _, attribute = path.partition(':')
    return getattr(load(module, extra), attribute)


def submodules(package: str, names: list[str]) -> Callable[[str], ModuleType]:
    """Return a ``__getattr__`` for a package that loads its modules when they are first used.

    Args:
        package: Its ``__name__``.
        names: The modules.
    """

    def find(name: str) -> ModuleType:
        if name not in names:
            message = f'module {package!r} has no attribute {name!r}'
            raise AttributeError(message)
        return load(f'{package}.{name}')

    return find


def attributes(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return a ``__getattr__`` for a package that loads what it offers when it is first used.

    Args:
        package: Its ``__name__``.
        homes: The module of each name, relative to the package.
    """

    def find(name: str) -> object:
        if name not in homes:
            message = f'module {package!r} has no attribute {name!r}'
            raise AttributeError(message)
        return loaded_attribute(f'{package}.{homes[name]}:{name}')

    return find
