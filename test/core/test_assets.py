# SPDX-License-Identifier: Apache-2.0
"""Tests of finding the files that come with the package."""

from pathlib import Path

from lstm_dynamics_ros.core.assets import asset, assets
from lstm_dynamics_ros.core.errors import ConfigError
import pytest


def test_a_file_of_the_source_tree_is_found() -> None:
    assert asset('config/robots/arm.yaml').is_file()


def test_a_missing_file_is_reported_with_the_folders_searched() -> None:
    with pytest.raises(ConfigError, match=r'config/nothing\.yaml is not installed\. Looked in: .'):
        asset('config/nothing.yaml')


def test_files_of_a_sourced_workspace_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'share' / 'lstm_dynamics_ros' / 'config' / 'robots'
    folder.mkdir(parents=True)
    (folder / 'leg.yaml').touch()
    (folder / 'arm.yaml').touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere:{tmp_path}')

    found = assets('config/robots', '*.yaml')

    assert found['leg'] == folder / 'leg.yaml'
    assert found['arm'] != folder / 'arm.yaml'  # the nearest one counts
