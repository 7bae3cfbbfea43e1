# SPDX-License-Identifier: Apache-2.0
"""Simulated runs as recordings: what the embedded robot measured, never its truth."""

from dataclasses import replace

from lstm_dynamics_ros.data.recording import make_track, Recording
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
import numpy as np

REFERENCE_EVERY = 5
"""The reference is recorded every so many rows, as the node publishes it: at 200 Hz."""


def as_recording(run: SimulatedRun, name: str) -> Recording:
    """Return what a recorder would have seen of a run: joint states, reference, correction."""
    thin = slice(None, None, REFERENCE_EVERY)
    reference = make_track(
        run.joint_names,
        run.stamp_ns[thin],
        position=run.reference_position[thin],
        velocity=run.reference_velocity[thin],
        acceleration=run.reference_acceleration[thin],
    )
    command = None
    if np.any(run.correction):
        command = make_track(run.joint_names, run.stamp_ns[thin], effort=run.correction[thin])
    return Recording(
        name=name,
        joint_names=run.joint_names,
        joint_types=run.joint_types,
        stamp_ns=run.stamp_ns,
        position=run.position,
        velocity=run.velocity,
        effort=run.effort,
        reference=reference,
        command=command,
    )


def as_truth(run: SimulatedRun, name: str) -> Recording:
    """Return the simulator's truth of a run, for scoring only."""
    seen = as_recording(run, name)
    return replace(seen, position=run.true_position, velocity=run.true_velocity)
