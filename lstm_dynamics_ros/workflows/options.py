# SPDX-License-Identifier: Apache-2.0
"""Options of the work that has many: from Python as from the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(kw_only=True)
class EngineOptions:
    """Who does work that consists of many pieces."""

    engine: Literal['local', 'ray'] = 'local'
    """Who works: processes of this machine, or Ray (extra `scale`)."""
    address: str = ''
    """Work on this Ray cluster (host:port of its head) instead of this machine. All its machines
    must have this version of the package, and see the folders of the work under the same paths."""
    workers: int = 0
    """Processes that share the work; 0 is one per processor."""


@dataclass(kw_only=True)
class SimulateOptions:
    """What to simulate, and where the bags go."""

    out: Path
    """Folder for the bags, one per run."""
    robot: str = 'arm'
    """Embedded robot, a file in config/robots."""
    runs: int = 1
    """How many runs; more than one follow the training plan (payloads, speeds, motions)."""
    duration: float = 30.0
    """Length of each run [s]."""
    seed: int = 0
    """Seed of motions and noise; another seed gives other runs."""
    payload: float | None = None
    """Payload of a single run; the robot file's own by default [kg]."""
    motion: str = 'mixed'
    """Motion of a single run: mixed, multi_sine or point_to_point."""
    speed: float = 1.0
    """Speed of a single run in (0, 1]; at 1 joints reach 70 % of their velocity limits."""
    storage: str = 'mcap'
    """Storage of the bags: mcap or sqlite3."""
    overwrite: bool = False
    """Replace bags that are already there."""


@dataclass(kw_only=True)
class ImproveOptions:
    """What a model is improved with."""

    model: Path
    """Model file in use."""
    checkpoint: Path
    """Checkpoint (best.pt) that it was exported from."""
    bags: tuple[Path, ...]
    """Bags, or folders of bags, that it was trained on."""
    out: Path
    """Model file to write if it is better."""
    add: tuple[Path, ...] = ()
    """Bags that were recorded with the correction on."""
    robot: str = ''
    """Embedded robot to record them with."""
    runs: int = 60
    """How many runs to record with an embedded robot."""
    duration: float = 25.0
    """Length of each [s]."""
    round: int = 1
    """Number of the round; another one makes other runs."""
    folder: Path | None = None
    """Where new bags and checkpoints are kept; runs/<name of the model> by default."""
    epochs: int = 60
    """Epochs of fine-tuning."""
    learning_rate: float = 2e-3
    """Largest learning rate of fine-tuning."""
    workers: int = 2
    """Processes that simulate at the same time."""


@dataclass(kw_only=True)
class ModelsOptions:
    """Which of the shipped models are made, and how."""

    robots: tuple[str, ...] = ('arm', 'pendulum')
    """Which robots."""
    kinds: tuple[str, ...] = ('forward', 'residual')
    """Which models: forward, residual."""
    out: Path = Path('models')
    """Folder for the models."""
    folder: Path = Path('runs/models')
    """Folder for bags and checkpoints."""
    runs: int = 0
    """Training runs of each robot; 0 takes as many as the shipped models had (120 and 60)."""
    duration: float = 25.0
    """Length of each run [s]."""
    seed: int = 0
    """Seed of the training plan."""
    workers: int = 2
    """Processes that simulate at the same time."""


@dataclass(kw_only=True)
class ExciteOptions:
    """Which robot to excite, and what is written."""

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


@dataclass(kw_only=True)
class ReplayOptions:
    """What is replayed, how it is scored, and where its report goes."""

    bag: Path
    """Bag to replay."""
    model: Path | None = None
    """Model file (.onnx); not needed with --ros."""
    out: Path | None = None
    """Folder for predictions and report; <bag>_replay beside the working directory by default."""
    ros: bool = False
    """Publish the bag and /clock to a running node (use_sim_time:=true) instead."""
    rate: float = 1.0
    """Speed of --ros; 2 plays twice as fast."""
    training_bags: tuple[Path, ...] = ()
    """The bags the model was trained on; adds a linear ARX to the comparison."""
    last_share: float = 1.0
    """Score only this last share of the recording, e.g. 0.333 (what the model was not trained on);
    the report says so."""
    horizons: tuple[int, ...] = (1, 10, 50)
    """Horizons shown and scored [steps]."""
    robustness: bool = False
    """Add to the report the error under noise, lost and late messages, and the worst small
    disturbance of the input."""
    overwrite: bool = False
    """Replace an earlier replay."""

    @property
    def folder(self) -> Path:
        """Folder for predictions and report."""
        return self.out or Path(f'{self.bag.stem}_replay')

    @property
    def predictions(self) -> Path:
        """The bag of predictions."""
        return self.folder / 'predictions'

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / 'report.html'
