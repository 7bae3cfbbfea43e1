# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for a program and the nodes it starts, apart from everybody else's."""

import fcntl
import os
from pathlib import Path
import tempfile
from typing import IO

from lstm_dynamics_ros.core.errors import DataError

DOMAINS = 100
"""Domains tried, from 1 on; ports of higher ones are given to other programs on Linux."""


def claim_domain() -> IO[bytes]:
    """Put this process and those it starts on a domain of their own, seen on this machine only.

    Another program that claims one, too, gets another one, whoever runs it.

    Returns:
        A file; the domain is free again when it is closed.

    Raises:
        DataError: If all domains are taken.
    """
    for number in range(DOMAINS):
        domain = 1 + (os.getpid() + number) % DOMAINS
        path = Path(tempfile.gettempdir()) / f'ros_domain_{domain}.lock'
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError:  # somebody else's
            continue
        lock = os.fdopen(descriptor, 'rb')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        os.environ.update(ROS_DOMAIN_ID=str(domain), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
        return lock
    raise DataError(f'All of the {DOMAINS} ROS domains are taken by other programs.')
