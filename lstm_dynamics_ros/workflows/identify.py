# SPDX-License-Identifier: Apache-2.0
"""Identifying the rigid-body model of a robot from its URDF and recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.data.quality.report import data_report, DataReport
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import natural_step, segments
from lstm_dynamics_ros.evaluation.reports.identification_page import identification_page
from lstm_dynamics_ros.evaluation.reports.identification_text import identification_text
from lstm_dynamics_ros.learning.identification.file import content, write_identified
from lstm_dynamics_ros.learning.identification.identify import identify as identify_prior
from lstm_dynamics_ros.learning.identification.result import Identification
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.recordings import as_recordings
from lstm_dynamics_ros.workflows.rigid_body import given_urdf


@dataclass(frozen=True, kw_only=True)
class IdentifyResult:
    """What was found, and from what."""

    found: Identification
    data_report: DataReport
    sources: dict[str, str]
    """sha256 of the recordings by their names."""

    def write(self, out: Path) -> None:
        """Write the identified robot to a file (.yaml)."""
        write_identified(out, self.found, self.sources)

    def write_page(self, path: Path) -> None:
        """Write a page with tables and figures (.html)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(identification_page(self.found, list(self.sources)), encoding='utf-8')

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        values = content(self.found, self.sources)
        return {'data_report': self.data_report.to_json(), 'identified': values}


def identify(
    recordings: Sequence[Recording],
    settings: IdentifySettings,
    *,
    urdf: Path | None = None,
    robot: str = '',
    armature: Sequence[float] = (),
    dt: float = 0.0,
    listener: Listener = SILENT,
) -> IdentifyResult:
    """Identify inertia and friction of a robot.

    Args:
        recordings: What was measured, with the joint names of the URDF.
        settings: How.
        urdf: URDF of the robot.
        robot: An embedded robot's URDF instead.
        armature: Inertia of each rotor seen at its joint, where known [kg m^2].
        dt: Step of the time grid [s]; 0 takes the period of the recordings.
        listener: Is shown data report, progress and result.

    Raises:
        ConfigError: If not exactly one robot was given.
        DataError: If the recordings do not tell.
    """
    description, source = given_urdf(urdf, robot)
    recordings = as_recordings(recordings)
    names = recordings[0].joint_names
    prior = RigidBodyPrior(description, names, armature=armature or None, source=source)
    report = data_report(recordings, torque=prior.torque)
    listener.say(f'{report.text()}\n')
    step = dt or natural_step(recordings)
    gridded = [item for recording in recordings for item in segments(recording, step)]
    with listener.progress('identify') as update:
        found = identify_prior(prior, gridded, settings, progress=update)
    listener.say(identification_text(found))
    sources = {item.name: item.sha256 for item in recordings}
    return IdentifyResult(found=found, data_report=report, sources=sources)
