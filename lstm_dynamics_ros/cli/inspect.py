# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics inspect`: what is in a model file or a bag."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import say, write_json
from lstm_dynamics_ros.data.bags.reader import read_recordings
from lstm_dynamics_ros.data.quality.report import data_report
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.workflows.inspect import card_text
import tyro


@dataclass
class Inspect:
    """Show what is in a model (card, checks, golden sequence) or in bags (the data report).

    A model is checked exactly as the node checks it at start: checksum, card, tensors, golden
    sequence. Bags are read as the trainer reads them, and the report says in words what is wrong
    with them before anyone trains on them.
    """

    paths: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """One .onnx file, or bags, or folders of bags."""
    json: Path | None = None
    """Write everything as JSON to this file."""

    def run(self) -> int:
        """Print the card or the data report."""
        if len(self.paths) == 1 and self.paths[0].suffix == '.onnx':
            return self._model(self.paths[0])
        return self._bags()

    def _model(self, path: Path) -> int:
        loaded = load_model(path)
        say(card_text(loaded.card))
        say(f'sha256        {loaded.sha256}')
        say('checks        all passed: checksum, session, card, schema, golden sequence')
        write_json(self.json, {'sha256': loaded.sha256, 'card': json.loads(loaded.card.to_json())})
        return 0

    def _bags(self) -> int:
        report = data_report(read_recordings(self.paths))
        say(report.text())
        write_json(self.json, report.to_json())
        return 0
