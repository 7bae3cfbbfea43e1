# SPDX-License-Identifier: Apache-2.0
"""Ray: workers on one machine or many. Nobody else needs to know that library."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
import logging
import os
from pathlib import Path
import subprocess
import sys
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

from lstm_dynamics_ros import __version__
from lstm_dynamics_ros.core.errors import ConfigError, WorkerError
from lstm_dynamics_ros.core.lazy import load

T = TypeVar('T')
R = TypeVar('R')

PATIENCE = 10.0
"""Time that a cluster has to answer [s]."""

CONNECT = """
import socket, sys
address, patience = sys.argv[1], float(sys.argv[2])
host, _, port = address.rpartition(':')
socket.create_connection((host, int(port)), patience).close()
import ray
ray.init(address=address, log_to_driver=False)
"""
"""Ray gives up on a cluster after minutes, so a process that can be ended tries it first."""


class RayCluster:
    """Workers of a cluster that this process is connected to.

    Args:
        ray: The library.
        count: How many pieces of work are done at the same time.
    """

    def __init__(self, ray: Any, count: int) -> None:  # noqa: ANN401
        self.count = count
        self._ray, self._running = ray, set[Any]()
        # One that died is begun anew by who gave the work, who counts.
        self._task = ray.remote(num_cpus=1, max_retries=0)(_called)

    def attempt(self, function: Callable[[T], R], item: T) -> R:
        """Have a worker call a function with an item.

        Raises:
            WorkerError: If the worker, or its machine, dies.
        """
        return self._result(self._task, function, item)

    def cancel(self) -> None:
        """End what is still being done."""
        for work in tuple(self._running):
            self._ray.cancel(work, force=True)

    def check_machines(self, folders: Sequence[Path]) -> None:
        """Refuse machines that have another version of this package, or do not see a folder."""
        for node in self._ray.nodes():
            if not node['Alive'] or not node['Resources'].get('CPU'):
                continue
            name = node['NodeManagerAddress']
            on_it = load('ray.util.scheduling_strategies').NodeAffinitySchedulingStrategy(
                node['NodeID'], soft=False
            )
            there = self._task.options(scheduling_strategy=on_it)
            try:
                version = self._result(there, _version_of, None)
            except Exception as error:
                text = str(error).strip().splitlines() or ['no reason given']
                raise ConfigError(
                    f'The Ray machine {name} cannot run lstm_dynamics_ros ({text[-1]}). Install '
                    f'it there: version {__version__}, with the extras train and scale.'
                ) from error
            if version != __version__:
                raise ConfigError(
                    f'The Ray machine {name} has lstm_dynamics_ros {version}, here it is '
                    f'{__version__}. Install the same.'
                )
            for folder in folders:
                with NamedTemporaryFile(dir=folder) as mark:
                    if not self._result(there, _sees, Path(mark.name)):
                        raise ConfigError(
                            f'The Ray machine {name} does not see {folder}, or must not write '
                            'there. Choose a folder that all machines share under one name.'
                        )

    def _result(self, task: Any, function: Callable[[T], R], item: T) -> R:  # noqa: ANN401
        errors = self._ray.exceptions
        work = task.remote(function, item)
        self._running.add(work)
        try:
            found: R = self._ray.get(work)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.RayError as error:
            raise WorkerError from error
        finally:
            self._running.discard(work)
        return found


@contextmanager
def ray_cluster(address: str, workers: int, folders: Sequence[Path]) -> Iterator[RayCluster]:
    """Give the workers of a cluster, or of one that is started for this work on this machine.

    Args:
        address: host:port of its head; empty to start one.
        workers: How many pieces of work are done at the same time; 0 for one per processor.
        folders: Folders that all of its machines must see.

    Raises:
        ConfigError: If a machine of the cluster cannot do the work.
    """
    ray = require_ray(address)
    own = {} if address else {'num_cpus': workers or os.cpu_count(), 'include_dashboard': False}
    ray.init(address=address or 'local', log_to_driver=False, logging_level=logging.ERROR, **own)
    try:
        cluster = RayCluster(ray, workers or max(1, int(ray.cluster_resources().get('CPU', 1))))
        if address:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            cluster.check_machines(folders)
        yield cluster
    finally:
        ray.shutdown()


@cache
def require_ray(address: str) -> Any:  # noqa: ANN401
    """Return the library, once it is known that there is a cluster.

    Args:
        address: host:port of its head; empty for one that is still to be started.

    Raises:
        ConfigError: If there is none.
        MissingLibraryError: If Ray is not installed.
    """
    os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
    ray = load('ray')
    host, _, port = address.rpartition(':')
    if address and (not host or not port.isdigit()):
        raise ConfigError(
            '--address must be host:port of the head of a Ray cluster, e.g. 10.0.0.5:6379, got '
            f'{address!r}.'
        )
    try:
        if address:
            subprocess.run(
                [sys.executable, '-c', CONNECT, address, str(PATIENCE)],
                capture_output=True,
                check=True,
                text=True,
                timeout=PATIENCE,
            )
    except subprocess.TimeoutExpired as error:
        why = f'no answer within {PATIENCE:.0f} s'
        if 'InvalidAuthToken' in str(error.stderr):
            raise ConfigError(
                f'The Ray cluster at {address} wants a token. Set RAY_AUTH_MODE=token and give '
                'its token as the documentation of Ray says (token authentication).'
            ) from error
    except subprocess.CalledProcessError as error:
        why = error.stderr.strip().splitlines()[-1]
    else:
        return ray
    raise ConfigError(
        f'There is no Ray cluster at {address} ({why}). Start one there with `ray start --head`, '
        'or leave --address out.'
    )


def _called(function: Callable[[T], R], item: T) -> R:
    return function(item)


def _version_of(_: None) -> str:
    return __version__


def _sees(mark: Path) -> bool:
    return mark.exists() and os.access(mark.parent, os.W_OK)
