# SPDX-License-Identifier: Apache-2.0
"""Tests for evaluation/library_versions.py."""

from importlib.metadata import PackageNotFoundError, version

import lstm_dynamics_ros
from lstm_dynamics_ros.evaluation import library_versions
import pytest


def test_package_python_libraries_and_machine_are_named() -> None:
    found = library_versions.library_versions()
    assert found['lstm_dynamics_ros'] == lstm_dynamics_ros.__version__
    assert found['numpy'] == version('numpy')
    assert {'python', 'machine', 'system'} <= set(found)


def test_a_library_that_is_not_there_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(library_versions, 'version', missing)
    assert not {'numpy', 'onnxruntime'} & set(library_versions.library_versions())
