# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics inspect`: what is in a model file or a bag."""

from dataclasses import dataclass
import json
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import say, write_json
from lstm_dynamics_ros.core.card import ModelCard
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
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        loaded = load_model(path)
        say(card_text(loaded.card))
        say(f'sha256        {loaded.sha256}')
        say('checks        all passed: checksum, session, card, schema, golden sequence')
        write_json(self.json, {'sha256': loaded.sha256, 'card': json.loads(loaded.card.to_json())})
        return 0

    def _bags(self) -> int:
        from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
        from lstm_dynamics_ros.data.quality.report import data_report  # noqa: PLC0415

        report = data_report(read_recordings(self.paths))
        say(report.text())
        write_json(self.json, report.to_json())
        return 0


def card_text(card: ModelCard) -> str:
    """Return a model card as aligned lines for people."""
    kinds = {'features': _kinds(card, 'features'), 'targets': _kinds(card, 'targets')}
    lines = [
        f'name          {card.name} (contract {card.contract_version})',
        f'kind          {card.model_kind}, {card.cell} {card.num_layers} x {card.hidden_size}',
        f'joints        {", ".join(card.joint_names)}',
        f'sees          {kinds["features"]}   (velocity {card.velocity_source})',
        f'predicts      {kinds["targets"]}',
        f'step          {card.dt:g} s ({1 / card.dt:g} Hz), tolerance {card.dt_tolerance:.0%}',
        f'washout       {card.washout_steps} steps ({card.washout_steps * card.dt:.3g} s)',
        f'effort is     {card.effort_semantics}; driver compensates '
        f'{", ".join(card.driver_compensates) or "nothing known"}',
    ]
    lines += [f'prior         {_prior(card.physics_prior)}'] if card.physics_prior else []
    for horizon, kinds_of in card.errors.items():
        for kind, predictors in kinds_of.items():
            for predictor, values in predictors.items():
                shown = ' '.join(f'{value:9.3g}' for value in values)
                lines.append(f'RMSE {horizon:>3} steps {kind:9s} {predictor:12s} {shown}')
    for miss, horizons in card.conformal.items():
        for horizon, of_kind in horizons.items():
            for kind, values in of_kind.items():
                shown = ' '.join(f'{value:9.3g}' for value in values)
                lines.append(f'band {1 - float(miss):.0%} {horizon:>3} steps {kind:9s} {shown}')
    for key, value in card.provenance.items():
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
        lines.append(f'{key:13s} {text if len(text) < 100 else text[:97] + "..."}')
    return '\n'.join(lines)


def _prior(description: dict[str, str]) -> str:
    """Return which rigid-body prior it is; its URDF would fill the screen."""
    text = f'{description.get("source", "?")}, sha256 {description.get("sha256", "?")[:12]}'
    text += ', identified parameters' if 'parameters' in description else ''
    return text + (', with friction' if 'friction' in description else '')


def _kinds(card: ModelCard, of: str) -> str:
    signals = card.features if of == 'features' else card.targets
    seen: dict[str, str] = {}
    for signal in signals:
        when = '' if signal.delay == 0 else f' {-signal.delay:+d} step'
        seen[signal.kind] = f'{signal.kind} [{signal.unit}]{when}'
    return ', '.join(seen.values())
