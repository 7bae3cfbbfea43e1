# SPDX-License-Identifier: Apache-2.0
"""The physics engine, imported once for all of ``sim``."""

from lstm_dynamics_ros.core.errors import MissingLibraryError

try:
    import mujoco
except ImportError as error:
    raise MissingLibraryError('mujoco') from error

OLDEST = 4
"""Oldest major version whose drives have LuGre friction, dead time and yielding springs."""

if int(mujoco.__version__.split('.')[0]) < OLDEST:
    raise MissingLibraryError('mujoco', f'{OLDEST} or newer')

__all__ = ['mujoco']
