# SPDX-License-Identifier: Apache-2.0
"""An embedded robot as one would meet it: sensors, inner controller, correction input."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.base_controller import BaseController
from lstm_dynamics_ros.sim.encoder import Encoders
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.inner_law import FeedForward, InnerLaw
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions import Motion
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.plant import Plant
from lstm_dynamics_ros.sim.reference import ReferenceGenerator
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.wall import Wall
import numpy as np

STEP_NS = round(STEP * NANOSECONDS)
"""Physics and inner control step [ns]."""

SETTLING = 1.0
"""How long a robot holds its home posture before its time starts [s]."""


@dataclass(frozen=True, kw_only=True)
class SimulatedRun:
    """What a robot did, one row per millisecond. Matrices have shape (n_steps, n_joints)."""

    joint_names: tuple[str, ...]
    """Names of the joints, in the order of the columns."""
    joint_types: tuple[str, ...]
    """Types of the joints, in the order of the columns."""
    stamp_ns: Stamps
    """Time of each row [ns] (n_steps,)."""
    position: Matrix
    """Measured positions [rad]."""
    velocity: Matrix
    """Measured velocities [rad/s]."""
    effort: Matrix
    """Measured drive torques, after dead time and lag, before friction [N m]."""
    reference_position: Matrix
    """Positions of the reference [rad]."""
    reference_velocity: Matrix
    """Velocities of the reference [rad/s]."""
    reference_acceleration: Matrix
    """Accelerations of the reference [rad/s^2]."""
    correction: Matrix
    """Torque from outside that the inner controller added [N m]."""
    true_position: Matrix
    """Simulator truth [rad]. For scoring only, never for training."""
    true_velocity: Matrix
    """Simulator truth [rad/s]. For scoring only, never for training."""
    wall_force: Vector
    """Force of the wall on the tool [N] (n_steps,), zero without one. For scoring only."""

    def __len__(self) -> int:
        return len(self.stamp_ns)

    @property
    def tracking_error(self) -> Matrix:
        """Reference minus true positions [rad]."""
        return self.reference_position - self.true_position


class SimulatedRobot:
    """One embedded robot, advanced step by step. The same seed gives the same numbers."""

    def __init__(
        self,
        robot: RobotDescription,
        hidden: HiddenPhysics | None = None,
        *,
        seed: int = 0,
        start_ns: int = 0,
        law: InnerLaw | None = None,
        wall: Wall | None = None,
    ) -> None:
        """Put the robot into its home posture.

        Args:
            robot: Which robot.
            hidden: What its nominal model does not know; by default what the robot file says.
            seed: Seed of the sensor noise.
            start_ns: Stamp of its first sample [ns].
            law: What its own controller computes; feed-forward of the reference by default.
            wall: A wall in the way of its tool.
        """
        self.robot = robot
        self.hidden = robot.hidden if hidden is None else hidden
        self.now_ns = start_ns
        """Stamp of the next sample [ns]."""
        self._rng = np.random.default_rng(seed)
        self._plant = Plant(robot, self.hidden, wall)
        self._nominal = NominalModel(robot)
        self._law = law or FeedForward()
        self._controller = BaseController(robot, with_pd=self._law.has_pd)
        self.reset()

    def reset(self) -> None:
        """Put the robot into its home posture, settled. Its time goes on."""
        home = self.robot.home
        rest = np.zeros_like(home)
        self._encoders = Encoders(len(home), self.hidden, self._rng)
        self._reference = ReferenceGenerator(self.robot)
        self._controller.reset()
        self._plant.reset(home, self._nominal.torque(home, rest, rest))
        until = self.now_ns
        self.now_ns -= round(SETTLING / STEP) * STEP_NS
        self.advance(round(SETTLING / STEP))
        self.now_ns = until

    @property
    def rejected_corrections(self) -> int:
        """Corrections refused because they were not finite."""
        return self._controller.rejected

    def follow(self, motion: Motion, *, repeat: bool = False) -> None:
        """Follow a motion from the next sample on, and hold its last position afterwards.

        Args:
            motion: What to do. It should start at the reference of now.
            repeat: Whether to start over at the end instead of holding.
        """
        self._reference.follow(motion, self.now_ns, repeat=repeat)

    def set_reference(self, position: Vector, velocity: Vector, acceleration: Vector) -> None:
        """Take one point of a reference streamed from outside; it holds from the next sample on.

        Between points the robot goes on with constant acceleration; 100 ms after the last one it
        stops at the reference of that time.

        Args:
            position: Joint positions [rad] (n_joints,), clipped to the ranges.
            velocity: Joint velocities [rad/s] (n_joints,).
            acceleration: Joint accelerations [rad/s^2] (n_joints,).

        Raises:
            ShapeError: If one has the wrong shape.
        """
        shape = (len(self.robot.links),)
        for what, array in (
            ('Reference position', position),
            ('Reference velocity', velocity),
            ('Reference acceleration', acceleration),
        ):
            if np.shape(array) != shape:
                raise ShapeError(what, shape, np.shape(array))
        self._reference.stream(position, velocity, acceleration, self.now_ns)

    def reference_at(self, stamps_ns: Stamps) -> JointPath:
        """Return the reference at some times, as far as it is known now.

        Args:
            stamps_ns: Times [ns] (n,).

        Returns:
            Positions, velocities and accelerations, each of shape (n, n_joints).
        """
        return self._reference.at(stamps_ns)

    def apply_correction(self, torque: Vector) -> None:
        """Add a torque to the command of the inner controller from the next sample on.

        It counts in full for 100 ms and is then faded out, unless another one comes.

        Args:
            torque: Torque to add [N m] (n_joints,). Values that are not finite are refused.

        Raises:
            ShapeError: If it has the wrong shape.
        """
        self._controller.correct(torque)

    def change(self, hidden: HiddenPhysics) -> None:
        """Let what its nominal model does not know change while it moves.

        Args:
            hidden: What is true from the next sample on; encoders stay as they are.

        Raises:
            ConfigError: If the new physics has other states, e.g. another dead time.
        """
        self._plant.change(hidden)
        self.hidden = hidden

    def advance(self, n_steps: int = 1) -> SimulatedRun:
        """Go on by some milliseconds.

        Args:
            n_steps: How many.

        Returns:
            One row per step, measured at its beginning.
        """
        n_joints = len(self.robot.links)
        block = np.empty((9, n_steps, n_joints))
        q, dq, tau, ref_q, ref_dq, ref_ddq, added, true_q, true_dq = block
        wall_force = np.zeros(n_steps)
        first_ns = self.now_ns
        plant, encoders, controller = self._plant, self._encoders, self._controller
        source, nominal, law = self._reference, self._nominal, self._law
        for k in range(n_steps):
            reference = source.next(self.now_ns)
            encoders.measure(plant.position)
            command = controller.step(
                encoders.position,
                encoders.velocity,
                reference.position,
                reference.velocity,
                law.torque(nominal, encoders.position, encoders.velocity, reference),
            )
            q[k] = encoders.position
            dq[k] = encoders.velocity
            tau[k] = plant.effort
            ref_q[k], ref_dq[k], ref_ddq[k] = reference
            added[k] = controller.correction
            true_q[k] = plant.position
            true_dq[k] = plant.velocity
            plant.step(command)
            wall_force[k] = plant.wall_force
            self.now_ns += STEP_NS
        return SimulatedRun(
            joint_names=self.robot.joint_names,
            joint_types=self.robot.joint_types,
            stamp_ns=first_ns + STEP_NS * np.arange(n_steps, dtype=np.int64),
            position=q,
            velocity=dq,
            effort=tau,
            reference_position=ref_q,
            reference_velocity=ref_dq,
            reference_acceleration=ref_ddq,
            correction=added,
            true_position=true_q,
            true_velocity=true_dq,
            wall_force=wall_force,
        )
