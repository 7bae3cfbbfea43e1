# SPDX-License-Identifier: Apache-2.0
"""Name-to-class tables, so that adding a variant means adding one file."""

from collections.abc import Callable, Iterator
import importlib
import pkgutil
from typing import Generic, TypeVar

from lstm_dynamics_ros.core.errors import UnknownNameError

T = TypeVar('T')
C = TypeVar('C', bound=type)


class Registry(Generic[T]):
    """Classes of one kind, by the name used in configuration files."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def register(self, name: str) -> Callable[[C], C]:
        """Return a decorator that files a class under ``name``."""

        def file(cls: C) -> C:
            if name in self._classes:
                message = f'{self.kind} {name!r} is registered twice.'
                raise ValueError(message)
            self._classes[name] = cls
            return cls

        return file

    def __getitem__(self, name: str) -> type[T]:
        try:
            return self._classes[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, self._classes) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __contains__(self, name: object) -> bool:
        return name in self._classes


def import_submodules(package: str, path: list[str]) -> None:
    """Import every module of a package, so that its classes register themselves."""
    for module in pkgutil.iter_modules(path):
        importlib.import_module(f'{package}.{module.name}')
