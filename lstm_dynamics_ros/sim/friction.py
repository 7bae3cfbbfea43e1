# SPDX-License-Identifier: Apache-2.0
"""The friction a joint would have along a given motion, for an oracle that knows it."""

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.mjcf import MAXWELL_ELEMENTS, STEP
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

SLOW = 1e-9
"""Bristles that relax slower than this [1/s] are integrated without their relaxation."""


def friction_along(robot: RobotDescription, hidden: HiddenPhysics, velocity: Matrix) -> Matrix:
    """Return the friction torque the drives must overcome along a motion from rest.

    LuGre bristles, viscous friction and Maxwell-slip elements, without ripple.
    Source: C. Canudas de Wit et al., A New Model for Control of Systems with Friction, 1995,
    eqs. 1-3; each step integrates eq. 1 exactly for constant velocity.

    Args:
        robot: Which robot.
        hidden: Its hidden physics.
        velocity: Joint velocities at 1 kHz [rad/s] (n_steps, n_joints).

    Returns:
        Torques [N m] (n_steps, n_joints).
    """
    frictions = [joint.friction for joint in robot.joints]
    scale = hidden.friction_scale
    coulomb, static, viscous, stiffness, damping, stribeck = (
        np.array([getattr(friction, name) for friction in frictions])
        for name in (
            'coulomb',
            'static',
            'viscous',
            'bristle_stiffness',
            'bristle_damping',
            'stribeck_velocity',
        )
    )
    level = coulomb + (static - coulomb) * np.exp(-((velocity / stribeck) ** 2))
    with np.errstate(divide='ignore', invalid='ignore'):
        rate = np.where(level > 0.0, np.abs(velocity) * stiffness / level, 0.0)
        goal = np.where(rate > SLOW, velocity / rate, 0.0)
    rest = np.exp(-rate * STEP)
    gain = np.where(rate > SLOW, goal * (1.0 - rest), velocity * STEP)
    bristle = np.empty_like(velocity)
    now = np.zeros(velocity.shape[1])
    for k in range(len(velocity)):
        now = rest[k] * now + gain[k]
        bristle[k] = now
    change = np.diff(bristle, axis=0, prepend=np.zeros((1, velocity.shape[1]))) / STEP
    fading = damping * np.exp(-((velocity / stribeck) ** 2))
    torque: Matrix = scale * (stiffness * bristle + fading * change + viscous * velocity)
    if hidden.maxwell_slip:
        for fraction, angle in MAXWELL_ELEMENTS:
            torque += scale * fraction * coulomb * _slip(velocity, angle) / angle
    return torque


def _slip(velocity: Matrix, angle: float) -> Matrix:
    """Return the stretch of springs that yield at an angle [rad] (n_steps, n_joints)."""
    stretch = np.empty_like(velocity)
    now = np.zeros(velocity.shape[1])
    for k, row in enumerate(velocity):
        now = np.clip(now + row * STEP, -angle, angle)
        stretch[k] = now
    return stretch
