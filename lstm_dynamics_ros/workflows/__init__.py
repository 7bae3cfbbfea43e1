# SPDX-License-Identifier: Apache-2.0
"""What the commands do, callable from Python. A module is loaded when it is first used."""

from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.lazy import submodules

if TYPE_CHECKING:
    from lstm_dynamics_ros.workflows import (
        commissioning,
        demo,
        engines,
        evaluate,
        excitation,
        explain,
        identify,
        improve,
        inspect,
        listener,
        live,
        models,
        pool,
        recordings,
        replay,
        reports,
        rigid_body,
        search,
        settings,
        simulate,
        train,
    )

__all__ = [
    'commissioning',
    'demo',
    'engines',
    'evaluate',
    'excitation',
    'explain',
    'identify',
    'improve',
    'inspect',
    'listener',
    'live',
    'models',
    'pool',
    'recordings',
    'replay',
    'reports',
    'rigid_body',
    'search',
    'settings',
    'simulate',
    'train',
]

if not TYPE_CHECKING:
    __getattr__ = submodules(__name__, __all__)
