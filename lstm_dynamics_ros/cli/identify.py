# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics identify`: the rigid-body model of a robot, from its URDF and recordings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.physics.identification.settings import IdentifySettings
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
        from lstm_dynamics_ros.data.quality.report import data_report  # noqa: PLC0415
        from lstm_dynamics_ros.data.segment import natural_step, segments  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.reports.identification_page import (  # noqa: PLC0415
            identification_page,
            identification_text,
        )
        from lstm_dynamics_ros.physics.identification.file import (  # noqa: PLC0415
            content,
            write_identified,
        )
        from lstm_dynamics_ros.physics.identification.identify import identify  # noqa: PLC0415
        from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.rigid_body import given_urdf, named_recordings  # noqa: PLC0415

        settings = validated(self.settings)
        urdf, source = given_urdf(self.urdf, self.robot)
        recordings = named_recordings(
            self.bags,
            joints=self.joints,
            types=dict.fromkeys(self.continuous, 'continuous'),
            prefix=self.joint_prefix,
            joint_map=self.joint_map,
        )
        prior = RigidBodyPrior(
            urdf, recordings[0].joint_names, armature=self.armature or None, source=source
        )
        report = data_report(recordings, torque=prior.torque)
        say(f'{report.text()}\n')
        dt = self.dt or natural_step(recordings)
        gridded = [item for recording in recordings for item in segments(recording, dt)]
        with progress('identify') as update:
            found = identify(prior, gridded, settings, progress=update)
        say(identification_text(found))
        sources = {item.name: item.sha256 for item in recordings}
        write_identified(self.out, found, sources)
        say(f'Wrote {self.out}. Use it with: lstm-dynamics train ... --identified {self.out}')
        if self.report is not None:
            write_text(self.report, identification_page(found, list(sources)))
            say(f'Wrote {self.report}.')
        values = content(found, sources)
        write_json(self.json, {'data_report': report.to_json(), 'identified': values})
        return 0
