# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics excite`: trajectories that make a robot show its dynamics."""

from dataclasses import dataclass, field, replace
from pathlib import Path
import sys

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
import numpy as np


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
        from lstm_dynamics_ros.data.excitation.file import (  # noqa: PLC0415
            WARNING,
            write_excitation,
            write_probe,
            write_summary,
        )
        from lstm_dynamics_ros.data.excitation.plan import excitations, usage  # noqa: PLC0415
        from lstm_dynamics_ros.data.excitation.probe import probe  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.excitation import (  # noqa: PLC0415
            embedded_robot,
            robot_of_files,
            without_efforts,
        )

        if self.robot and (self.urdf or self.limits):
            raise ConfigError('Give --robot, or --urdf and --limits, not both.')
        if not (self.robot or self.urdf or self.limits):
            raise ConfigError(
                'Which robot? Give --urdf robot.urdf, --limits joint_limits.yaml or --robot arm.'
            )
        settings = validated(self.settings)
        if self.robot:
            robot = embedded_robot(self.robot, self.joints, self.home)
            if not settings.amplitude:
                settings = replace(settings, amplitude=robot.amplitude)
        else:
            robot = robot_of_files(self.urdf, self.limits, self.joints, self.home)
        if not self.efforts:
            robot = without_efforts(robot)
        limits = robot.limits
        say(f'! {WARNING}')
        say(f'home    {" ".join(f"{value:g}" for value in limits.home)}')
        say(f'efforts {robot.model}')
        made = []
        with progress('excite') as update:
            for item in excitations(limits, settings, efforts=robot.efforts, progress=update):
                write_excitation(
                    item, self.out, rate=self.rate, topic=self.topic, overwrite=self.overwrite
                )
                if self.preview:
                    from lstm_dynamics_ros.evaluation.reports.excitation_figure import (  # noqa: PLC0415
                        write_excitation_figure,
                    )

                    write_excitation_figure(self.out / f'{item.name}.png', item, limits)
                made.append(item)
        write_summary(made, limits, settings, self.out)
        for item in made:
            shares = ', '.join(
                f'{kind} {np.nanmax(share):.0%}'
                for kind, share in usage(item, limits).items()
                if np.nanmax(np.nan_to_num(share)) > 0
            )
            shrunk = '' if item.shrunk == 1.0 else f', made {item.shrunk:.2f} as large for efforts'
            say(
                f'{item.name}  {item.duration:g} s, at most {shares} of the limits{shrunk}; '
                f'condition {item.condition:.3g} (first draw {item.first_condition:.3g})'
            )
        if self.probe:
            signal = probe(
                limits.effort, duration=settings.duration, share=self.probe_share,
                kind=self.probe_kind,
            )  # fmt: skip
            write_probe(
                signal, self.out / 'probe', topic=self.probe_topic, overwrite=self.overwrite
            )
            say(f'probe   {settings.duration:g} s, {self.probe_share:.1%} of the effort limits')
        say(f'In {self.out}. Look at the previews, then: lstm-dynamics excite --play '
            f'{self.out / made[0].name}')  # fmt: skip
        write_json(
            self.json,
            {
                'joints': list(limits.joint_names),
                'trajectories': [
                    {
                        'name': item.name,
                        'duration_s': item.duration,
                        'condition_number': item.condition,
                        'shrunk': item.shrunk,
                    }
                    for item in made
                ],
            },
        )
        return 0

    def _send(self, bag: Path) -> int:
        from lstm_dynamics_ros.workflows.live.trajectory_sender import send  # noqa: PLC0415 - needs ROS

        if not sys.stdin.isatty():
            raise DataError('--play asks a question before the robot moves; run it in a terminal.')
        with progress('play') as update:
            sent = send(bag, joint_states=self.joint_states, confirm=_confirm, progress=update)
        say(sent)
        return 0


def _confirm(question: str) -> bool:
    return input(f'{question} Type yes to go on: ').strip().lower() == 'yes'
