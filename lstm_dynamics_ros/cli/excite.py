# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics excite`: trajectories that make a robot show its dynamics."""

from dataclasses import dataclass, field
from pathlib import Path
import sys

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import confirmed, progress, say, TERMINAL, write_json
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings


@dataclass
class Excite:
    """Plan trajectories within limits that make a robot show friction, inertia and drive.

    Each holds a multi-sine of all joints, slow reversals (friction, hysteresis) and moves with
    dwells, from home to home at rest. Give `--urdf robot.urdf` (pinocchio then checks efforts
    too), `--limits joint_limits.yaml`, both, or `--robot arm`. What comes out are bags with one
    JointTrajectory each (`ros2 bag play`, or `--play`), tables, a preview of each and a summary.

    SELF-COLLISION AND OBSTACLES ARE NOT CHECKED. Look at the preview, start with --scale 0.1.

    First time: `lstm-dynamics excite --urdf robot.urdf --home 0 -0.5 0 -1.8 0 1.5 0 --scale 0.1`.
    """

    out: Path = Path('excitation')
    """Folder for what is made."""
    urdf: Path | None = None
    """URDF of the robot (not xacro); gives limits, and efforts where pinocchio is installed."""
    limits: Path | None = None
    """A joint_limits.yaml as of ros2_control or MoveIt; counts before the URDF."""
    robot: str = ''
    """An embedded robot instead: arm or pendulum."""
    joints: tuple[str, ...] = ()
    """Joints to move, in the controller's order; all that move by default."""
    home: tuple[float, ...] = ()
    """Posture to start and end at, one value per joint; zero by default [rad] or [m]."""
    efforts: bool = True
    """Keep efforts by the rigid-body model within their limits."""
    rate: float = 100.0
    """Points per second in the messages [Hz]."""
    topic: str = 'joint_trajectory_controller/joint_trajectory'
    """Topic of the trajectories."""
    preview: bool = True
    """Draw every trajectory against its limits, <name>.png."""
    probe: bool = False
    """Also write a bag with a small probing effort, for `lstm-dynamics latency`."""
    probe_share: float = 0.02
    """Size of the probe as a share of the effort limits, at most 0.1."""
    probe_kind: str = 'prbs'
    """prbs, or multi_sine, which is gentler."""
    probe_topic: str = 'effort_controller/commands'
    """Topic of the probe. Only something that ADDS efforts may listen there."""
    overwrite: bool = False
    """Replace what is already there."""
    play: Path | None = None
    """Instead, send the trajectory in this bag to the robot, after a question and a countdown."""
    joint_states: str = 'joint_states'
    """Topic of the joint states; --play compares them with home first."""
    json: Path | None = None
    """Write what was made as JSON to this file."""
    settings: ExcitationSettings = field(default_factory=ExcitationSettings)

    def run(self) -> int:
        """Plan and write, or send."""
        if self.play is not None:
            return self._send(self.play)
        robot = workflows.excitation.RobotOptions(
            urdf=self.urdf,
            limits=self.limits,
            robot=self.robot,
            joints=self.joints,
            home=self.home,
            efforts=self.efforts,
        )
        output = workflows.excitation.OutputOptions(
            out=self.out,
            rate=self.rate,
            topic=self.topic,
            preview=self.preview,
            probe=self.probe,
            probe_share=self.probe_share,
            probe_kind=self.probe_kind,
            probe_topic=self.probe_topic,
            overwrite=self.overwrite,
        )
        made = workflows.excitation.plan_excitations(
            robot, validated(self.settings), output, TERMINAL
        )
        first = self.out / made['trajectories'][0]['name']
        say(f'In {self.out}. Look at the previews, then: lstm-dynamics excite --play {first}')
        write_json(self.json, made)
        return 0

    def _send(self, bag: Path) -> int:
        sender = workflows.live.trajectory_sender
        if not sys.stdin.isatty():
            raise DataError('--play asks a question before the robot moves; run it in a terminal.')
        with progress('play') as update:
            sent = sender.send(
                bag, joint_states=self.joint_states, confirm=confirmed, progress=update
            )
        say(sent)
        return 0
