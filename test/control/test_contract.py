# SPDX-License-Identifier: Apache-2.0
"""Promises that every registered controller keeps, new ones included."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from lstm_dynamics_ros.card import ModelCard
from lstm_dynamics_ros.control import ControlInput, Controller, CONTROLLERS
from lstm_dynamics_ros.control.base import Reference
from lstm_dynamics_ros.errors import UnknownNameError
from lstm_dynamics_ros.parameters import leaves
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.state import JointState, Vector
import numpy as np
import pytest

EVERY = pytest.mark.parametrize('name', sorted(CONTROLLERS))


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx', n_joints=3)).card


def given(k: int, *, reference: bool) -> ControlInput:
    """Return what a controller is given at step k of a smooth motion."""
    phase = 0.05 * k + np.arange(3.0)
    state = JointState(5_000_000 * k, np.sin(phase), np.cos(phase), np.sin(2 * phase))
    ahead = state._replace(stamp_ns=state.stamp_ns + 5_000_000, position=state.position + 0.01)
    rows = np.tile(np.concatenate(ahead[1:]), (10, 1))
    target = Reference(
        stamp_ns=ahead.stamp_ns,
        position=np.sin(phase) + 0.02,
        velocity=np.cos(phase),
        acceleration=-np.sin(phase),
    )
    return ControlInput(
        measured=state,
        predicted=ahead,
        horizon=rows,
        reference=target if reference else None,
        dt=0.005,
    )


def run(controller: Controller, *, reference: bool = True) -> list[Vector | None]:
    return [controller.torque(given(k, reference=reference)) for k in range(30)]


@EVERY
@pytest.mark.parametrize('reference', [True, False])
def test_it_returns_one_finite_torque_per_joint_or_none(
    card: ModelCard, name: str, reference: bool
) -> None:
    controller = CONTROLLERS[name]().build(card, 0.005)
    for torque in run(controller, reference=reference):
        if torque is not None:
            assert torque.shape == (3,)
            assert np.isfinite(torque).all()


@EVERY
def test_one_that_computes_no_torque_says_so(card: ModelCard, name: str) -> None:
    controller = CONTROLLERS[name]().build(card, 0.005)
    ever = any(torque is not None for torque in run(controller))
    assert controller.computes_torque == ever


@EVERY
def test_after_a_reset_it_is_as_new(card: ModelCard, name: str) -> None:
    used, fresh = (CONTROLLERS[name]().build(card, 0.005) for _ in range(2))
    run(used)
    used.reset()
    for again, expected in zip(run(used), run(fresh), strict=True):
        np.testing.assert_equal(again, expected)


@EVERY
def test_all_its_settings_are_described(name: str) -> None:
    config = CONTROLLERS[name]()
    assert len(list(leaves(config))) == len(fields(cast('Any', config)))
    assert all(leaf.setting.description for leaf in leaves(config))


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown controller 'nine'\. Known: .*none"):
        CONTROLLERS['nine']
