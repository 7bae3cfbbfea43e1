# SPDX-License-Identifier: Apache-2.0
"""Tests of what is said when the physics engine is missing or too old."""

import importlib
import sys

from lstm_dynamics_ros.core.errors import MissingLibraryError
import pytest

ENGINE = 'lstm_dynamics_ros.sim.engine'


def test_a_missing_engine_is_reported_with_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, ENGINE, raising=False)
    monkeypatch.setitem(sys.modules, 'mujoco', None)

    with pytest.raises(MissingLibraryError, match=r'needs mujoco.*lstm_dynamics_ros\[sim\]'):
        importlib.import_module(ENGINE)


def test_too_old_an_engine_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    mujoco = pytest.importorskip('mujoco', reason='mujoco is not installed')
    monkeypatch.delitem(sys.modules, ENGINE, raising=False)
    monkeypatch.setattr(mujoco, '__version__', '3.3.0')

    with pytest.raises(MissingLibraryError, match='mujoco 4 or newer'):
        importlib.import_module(ENGINE)
