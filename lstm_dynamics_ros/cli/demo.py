# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics demo`: watch recurrent models predict and correct an embedded robot, live."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
import sys

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import progress, say, TERMINAL, write_json
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.core.progress import no_progress
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.workflows.demo.settings import DemoSettings


@dataclass
class Demo:
    """Watch recurrent models predict and correct an embedded robot, live, over ROS 2.

    Starts the robot, the node that predicts it and the node that corrects it in processes of
    their own, on a ROS domain of their own. Half of the time nothing is corrected; then the
    correction is armed and fades in, and the robot repeats the same motion. At the end: the
    tracking error before and after, against true positions, and how good the predictions were,
    beside persistence, constant velocity and a linear ARX fitted to the model's own training
    bags. Payload and motion are not in the training set.
    """

    headless: bool = False
    """Draw nothing while it runs, and write no report unless asked for."""
    json: Path | None = None
    """Write the figures as JSON to this file."""
    report: Path | None = None
    """Write the HTML report to this file; runs/demo/report.html by default, unless headless."""
    figure: Path | None = None
    """Write the picture of the README to this file (PNG)."""
    demo: DemoSettings = field(default_factory=DemoSettings)

    def run(self) -> int:
        """Run the demo, score it, say what was seen."""
        demo = workflows.demo.demo
        settings = demo.with_defaults(validated(self.demo))
        corrected = settings.control_model != 'none'
        say(
            f'Starting {settings.robot} with {settings.payload:g} kg that its models know nothing '
            f'of, and the nodes that predict{" and correct" * corrected} it, for '
            f'{settings.duration:g} s ...'
        )
        draw = not self.headless and sys.stdout.isatty()
        with nullcontext(no_progress) if draw else progress('demo') as update:
            result = demo.run_demo(settings, headless=not draw, progress=update)
        loaded = load_model(settings.model)
        shown = workflows.demo.report.scored_demo(loaded, result, settings, TERMINAL)
        say(shown.text())
        write_json(self.json, shown.to_json())
        report = self.report or (None if self.headless else Path('runs/demo/report.html'))
        if report is not None or self.figure is not None:
            shown.draw(report=report, figure=self.figure, listener=TERMINAL)
        return 0
