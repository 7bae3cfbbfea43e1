# SPDX-License-Identifier: Apache-2.0
"""Options of `lstm-dynamics benchmark`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass
class BenchmarkOptions:
    """What is measured, and how."""

    what: Annotated[str, tyro.conf.Positional]
    """latency, training, forecast or tracking."""
    model: Path | None = None
    """Model file for latency; the shipped arm model by default."""
    steps: int = 20_000
    """Steps of each contender (latency); shared by the rounds if there are some."""
    against: Path | None = None
    """Checkout of this repository, e.g. of an older commit, that is measured in turn with this one
    (latency)."""
    rounds: int = 7
    """Paired rounds (training, and latency with --against)."""
    robot: str = 'arm'
    """Embedded robot (forecast, tracking)."""
    seed: int | None = None
    """Seed of the inputs (latency) or motions (forecast), 0 by default; first seed that is scored
    (tracking), by default the first of those held out."""
    json: Path | None = None
    """Write the figures as JSON to this file."""
    scenario: tuple[str, ...] = ()
    """Scenarios that are scored; all by default (tracking)."""
    controller: tuple[str, ...] = ()
    """Controllers that take part; all by default (tracking)."""
    seeds: int = 10
    """How many seeds are scored (tracking)."""
    payload: float | None = None
    """Payload [kg] in place of that of the scenarios (tracking)."""
    budget: str = 'both'
    """Roughness of the correction that tuning may use: 2 times that of an oracle, none for any, or
    both (tracking)."""
    quick: bool = False
    """Few scenarios, seeds and settings: minutes instead of an hour (tracking)."""
    sweep: int = 0
    """Also try this many random robots for stability (tracking)."""
    workers: int = 2
    """Processes that share the runs (tracking)."""
    models: tuple[str, ...] = ()
    """Model files to use in place of the shipped ones, e.g. residual=my.onnx (tracking)."""
    plots: Path | None = None
    """Write pictures into this folder (tracking)."""
    report: Path | None = None
    """Write a page with tables and pictures to this file (tracking)."""
    ros: str = ''
    """Run this scenario, and nothing else, through the real node and ROS, too, and compare it with
    lockstep (tracking)."""
