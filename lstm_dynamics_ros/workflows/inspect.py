# SPDX-License-Identifier: Apache-2.0
"""What is in a model file, for people."""

import json

from lstm_dynamics_ros.core.card import ModelCard


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
