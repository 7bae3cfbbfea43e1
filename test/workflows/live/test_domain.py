# SPDX-License-Identifier: Apache-2.0
"""Tests for domain.py, which needs no ROS."""

import os
from pathlib import Path
import tempfile

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.workflows.live import domain
from lstm_dynamics_ros.workflows.live.domain import claim_domain
import pytest


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    for name in ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        monkeypatch.setenv(name, '')


def test_two_programs_get_two_domains() -> None:
    with claim_domain():
        first = os.environ['ROS_DOMAIN_ID']
        with claim_domain():
            assert os.environ['ROS_DOMAIN_ID'] != first
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'


def test_a_domain_can_be_had_again() -> None:
    with claim_domain():
        first = os.environ['ROS_DOMAIN_ID']
    with claim_domain():
        assert os.environ['ROS_DOMAIN_ID'] == first


def test_when_all_are_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, 'DOMAINS', 1)
    with claim_domain(), pytest.raises(DataError, match='taken'):
        claim_domain()
