# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics identify`: the rigid-body model of a robot, from its URDF and recordings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
import tyro


@dataclass
class Identify:
    """Identify inertia and friction of a robot from bags, starting from its URDF.

    Base-parameter regression with friction terms: what the motion can show is identified, what it
    cannot stays as in the URDF. Prints errors on parts of the data that were held out, and writes
    a file for `train --identified`.

    Joint names of the bags that differ from the URDF's: --joint-prefix fer_ or --joint-map
    joint1:fer_joint1, as with the node.
    """

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags."""
    out: Path = Path('identified.yaml')
    """File to write."""
    urdf: Path | None = None
    """URDF of the robot (not xacro)."""
    robot: str = ''
    """An embedded robot's URDF instead: arm or pendulum."""
    armature: tuple[float, ...] = ()
    """Inertia of each rotor seen at its joint, where known [kg m^2]; a URDF cannot hold it."""
    joints: tuple[str, ...] = ()
    """Joints to identify, by the URDF's names; all of the bags by default."""
    joint_prefix: str = ''
    """What stands before the URDF's joint names in the bags, e.g. fer_."""
    joint_map: tuple[str, ...] = ()
    """Other joint names in the bags, as urdf_joint:bag_name; overrides the prefix."""
    continuous: tuple[str, ...] = ()
    """Joints that wrap at +-pi; bags do not say so."""
    dt: float = 0.0
    """Step of the time grid [s]; 0 takes the period of the bags."""
    report: Path | None = None
    """Write a page with tables and figures to this file (.html)."""
    json: Path | None = None
    """Write everything as JSON to this file."""
    settings: Annotated[IdentifySettings, tyro.conf.arg(name='')] = field(
        default_factory=IdentifySettings
    )

    def run(self) -> int:
        """Report on the data, identify, write."""
        settings = validated(self.settings)
        workflows.rigid_body.given_urdf(self.urdf, self.robot)  # refused before bags are read
        naming = workflows.recordings.JointNaming(
            joints=self.joints,
            continuous=self.continuous,
            joint_prefix=self.joint_prefix,
            joint_map=self.joint_map,
        )
        result = workflows.identify.identify(
            workflows.recordings.named_recordings(self.bags, naming),
            settings,
            urdf=self.urdf,
            robot=self.robot,
            armature=self.armature,
            dt=self.dt,
            listener=TERMINAL,
        )
        result.write(self.out)
        say(f'Wrote {self.out}. Use it with: lstm-dynamics train ... --identified {self.out}')
        if self.report is not None:
            result.write_page(self.report)
            say(f'Wrote {self.report}.')
        write_json(self.json, result.to_json())
        return 0
