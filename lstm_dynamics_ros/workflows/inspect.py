# SPDX-License-Identifier: Apache-2.0
"""What is in a model file, for people."""

from collections.abc import Mapping
import json
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.data.text_table import text_table


def card_text(card: ModelCard) -> str:
    """Return a model card as aligned lines for people."""
    kinds = {'features': _kinds(card, 'features'), 'targets': _kinds(card, 'targets')}
    lines = [
        f'name          {card.name} (contract {card.contract_version})',
        f'kind          {card.model_kind}, {_cell(card)}',
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
        if key == 'choice':
            continue
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
        lines.append(f'{key:13s} {text if len(text) < 100 else text[:97] + "..."}')
    if choice := card.provenance.get('choice'):
        lines.append(choice_text(choice))
    return '\n'.join(lines)


def choice_text(choice: Mapping[str, Any]) -> str:
    """Return what was tried before a model was trained, and why the choice fell.

    Args:
        choice: Entry ``choice`` of the provenance of a card.
    """
    rows = [
        [
            ('> ' if row['chosen'] else '  ') + row['title'],
            row['failed'][:40] or f'{row["score"]:.4g}',
            '' if row['far'] is None else f'{row["far"]:.4g}',
            f'{row["seconds"]:.1f}',
        ]
        for row in choice['candidates']
    ]
    head = ['  candidate', 'held-out error', 'farthest motion', 'time [s]']
    return f'{text_table(head, rows)}\n{choice["why"]}'


def _cell(card: ModelCard) -> str:
    """Return which cell a model has, and the size of its state."""
    cell = 'linear, state' if card.cell == 'none' else card.cell
    return f'{cell} {card.num_layers} x {card.hidden_size}'


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
