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
from lstm_dynamics_ros.workflows.options import ExciteOptions


@dataclass(kw_only=True)
class Excite(ExciteOptions):
    """Plan trajectories within limits that make a robot show friction, inertia and drive.

    Each holds a multi-sine of all joints, slow reversals (friction, hysteresis) and moves with
    dwells, from home to home at rest. Give `--urdf robot.urdf` (pinocchio then checks efforts
    too), `--limits joint_limits.yaml`, both, or `--robot arm`. What comes out are bags with one
    JointTrajectory each (`ros2 bag play`, or `--play`), tables, a preview of each and a summary.

    SELF-COLLISION AND OBSTACLES ARE NOT CHECKED. Look at the preview, start with --scale 0.1.

    First time: `lstm-dynamics excite --urdf robot.urdf --home 0 -0.5 0 -1.8 0 1.5 0 --scale 0.1`.
    """

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
        settings = validated(self.settings)
        made = workflows.excitation.plan_excitations(self, settings, TERMINAL)
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
