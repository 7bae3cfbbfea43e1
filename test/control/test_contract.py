# SPDX-License-Identifier: Apache-2.0
"""Promises that every registered controller keeps, new ones included."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields
from pathlib import Path

from lstm_dynamics_ros.control import ControlContext, ControlInput, Controller, CONTROLLERS
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import leaves
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Vector
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest


class LinearPrior:
    """Three masses on springs and dampers."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """See the protocol."""
        return 2.0 * acceleration + 0.3 * velocity + 5.0 * position


class LinearModel:
    """A forward model without memory, which still has the newest observation."""

    def __init__(self) -> None:
        one, dt = np.eye(3), 0.005
        self._next: Matrix = np.block(
            [  # [q dq tau] -> [q dq tau] one step later
                [one, dt * one, 0 * one],
                [-5 * dt * one, one, dt / 2 * one],
                [0 * one, 0 * one, one],
            ]
        )
        self.observation = np.linspace(-1.0, 1.0, 9)

    def peek(self, observations: Matrix) -> Matrix:
        """See the protocol."""
        return observations @ self._next.T


@pytest.fixture(scope='module', params=sorted(CONTROLLERS))
def name(request: pytest.FixtureRequest) -> str:
    """Name each controller in turn."""
    return str(request.param)


@pytest.fixture(scope='module')
def context(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, name: str
) -> ControlContext:
    """Return a context with the kind of model that the controller accepts."""
    for kind in ('forward', 'motion'):
        path = make_model(tmp_path_factory.mktemp('model') / 'm.onnx', n_joints=3, kind=kind)
        made = with_card(load_model(path).card)
        try:
            CONTROLLERS[name]().build(made)
        except ConfigError:
            continue
        return made
    pytest.fail(f'{name} accepts neither a forward nor a residual inverse model.')


def with_card(card: ModelCard) -> ControlContext:
    return ControlContext(
        joint_names=card.joint_names,
        period=0.005,
        latency=0.005,
        effort_limits=(50.0, 50.0, None),
        prior=LinearPrior(),
        card=card,
        model=LinearModel(),
    )


def given(k: int, *, reference: bool, frozen: bool = False) -> ControlInput:
    """Return what a controller is given at step k of a smooth motion."""
    phase = 0.05 * k + np.arange(3.0)
    state = JointState(5_000_000 * k, np.sin(phase), np.cos(phase), np.sin(2 * phase))
    ahead = state._replace(stamp_ns=state.stamp_ns + 5_000_000, position=state.position + 0.01)
    target = Reference(
        stamp_ns=state.stamp_ns,
        position=np.sin(phase) + 0.02,
        velocity=np.cos(phase),
        acceleration=-np.sin(phase),
    )
    later = target._replace(stamp_ns=ahead.stamp_ns, position=np.sin(phase + 0.05) + 0.02)
    return ControlInput(
        measured=state,
        reference=target if reference else None,
        preview=later if reference else None,
        applied=0.5 * np.sin(phase),
        learned=np.cos(2 * phase) if reference else None,
        residual=0.1 * np.sin(3 * phase),
        predicted=ahead,
        horizon=np.tile(np.concatenate(ahead[1:]), (10, 1)),
        frozen=frozen,
    )


def run(
    controller: Controller, *, reference: bool = True, frozen: bool = False
) -> list[Vector | None]:
    outputs = (
        controller.torque(given(k, reference=reference, frozen=frozen and k >= 15))
        for k in range(30)
    )
    return [None if torque is None else torque.copy() for torque in outputs]


@pytest.mark.parametrize('reference', [True, False])
@pytest.mark.parametrize('frozen', [True, False])
def test_it_returns_one_finite_torque_per_joint_or_none(
    context: ControlContext, name: str, reference: bool, frozen: bool
) -> None:
    controller = CONTROLLERS[name]().build(context)
    for torque in run(controller, reference=reference, frozen=frozen):
        if torque is not None:
            assert torque.shape == (3,)
            assert np.isfinite(torque).all()


def test_it_knows_its_name(context: ControlContext, name: str) -> None:
    assert CONTROLLERS[name]().build(context).name == name


def test_one_that_computes_no_torque_says_so(context: ControlContext, name: str) -> None:
    controller = CONTROLLERS[name]().build(context)
    ever = any(torque is not None for torque in run(controller))
    assert controller.computes_torque == ever


def test_one_that_needs_a_reference_is_silent_without(context: ControlContext, name: str) -> None:
    controller = CONTROLLERS[name]().build(context)
    if controller.needs_reference:
        assert run(controller, reference=False) == [None] * 30


def test_after_a_reset_it_is_as_new(context: ControlContext, name: str) -> None:
    used, fresh = (CONTROLLERS[name]().build(context) for _ in range(2))
    run(used)
    used.reset()
    for again, expected in zip(run(used), run(fresh), strict=True):
        np.testing.assert_equal(again, expected)


def test_it_writes_to_nothing_it_is_given(context: ControlContext, name: str) -> None:
    controller = CONTROLLERS[name]().build(context)
    for k in range(3):
        what = given(k, reference=True)
        before = deepcopy(what)
        controller.torque(what)
        for item in fields(ControlInput):
            np.testing.assert_equal(getattr(what, item.name), getattr(before, item.name))


def test_all_its_settings_are_described(name: str) -> None:
    config = CONTROLLERS[name]()  # leaves() refuses a field that is not a setting
    assert all(leaf.setting.description for leaf in leaves(config))


def test_settings_that_may_change_can_be_changed(context: ControlContext, name: str) -> None:
    config = CONTROLLERS[name]()
    if any(leaf.setting.reconfigurable for leaf in leaves(config)):
        config.build(context).reconfigure(config)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown controller 'nine'\. Known: .*none"):
        CONTROLLERS['nine']
