# SPDX-License-Identifier: Apache-2.0
"""A look inside a model as one HTML page, as JSON, and as lines for the terminal."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.json_data import to_plain
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.evaluation.reports import explanation_figures as figures
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.explanation_findings import findings, reach
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation
import numpy as np

SECTIONS = {
    'past': 'How far back it looks',
    'ages': 'Sensitivity by age',
    'inputs': 'Which inputs matter',
    'memory': 'Memory of the units',
    'probes': 'What the units know',
    'washout': 'How fast it forgets how it started',
}
"""Title of each section."""

VERDICTS = {'warning': ('look', 'bad'), 'info': ('fine', 'good')}
"""How a finding of each severity is marked."""


def write_explanation(
    path: Path, explanation: Explanation, progress: Progress = no_progress
) -> None:
    """Write the page.

    Args:
        path: Where to; an existing page is replaced.
        explanation: What was found.
        progress: Called with (done, total, what).
    """
    write_text(path, explanation_page(explanation, progress))


def explanation_page(explanation: Explanation, progress: Progress = no_progress) -> str:
    """Return the page as HTML."""
    found, drawers = findings(explanation), _drawers(explanation)
    shown = [name for name in SECTIONS if drawers[name]]
    sections = {}
    for number, name in enumerate(shown):
        progress(number, len(shown), SECTIONS[name])
        verdicts = [*found[name], *(found['gates'] if name == 'memory' else [])]
        sections[name] = {
            'pictures': [draw() for draw in drawers[name]],
            'verdicts': [(VERDICTS[item.severity], item.text) for item in verdicts],
        }
    progress(len(shown), len(shown), 'done')
    every = [item for items in found.values() for item in items]
    return html.render(
        'explanation.html',
        title=f'Inside {explanation.card.name}',
        explanation=explanation,
        explained=_what(explanation),
        links=[(name, SECTIONS[name]) for name in shown],
        summary=summary(explanation),
        warnings=[item.text for item in every if item.severity == 'warning'],
        titles=SECTIONS,
        sections=sections,
    )


def summary(explanation: Explanation) -> list[str]:
    """Return the few lines an engineer reads first."""
    found = findings(explanation)
    count = sum(item.severity == 'warning' for items in found.values() for item in items)
    ages = [reach(explanation, joint) for joint in range(len(explanation.joints))]
    joint = int(np.argmax(ages))
    longest = f'{1e3 * ages[joint]:.0f} ms' if np.isfinite(ages[joint]) else 'beyond the window'
    facts = found['recording'] + found['memory'] + found['washout']
    return [
        f'{count} warning{"s" * (count > 1)}.' if count else 'No warnings.',
        f'The {explanation.kind} depends on the past up to {longest} ({explanation.joints[joint]} '
        'longest).',
        *(item.text for item in facts if item.severity == 'info'),
    ]


def explanation_text(explanation: Explanation) -> str:
    """Return the verdicts as lines for the terminal."""
    lines = [f'Inside {explanation.card.name}: {_what(explanation)}']
    for name, items in findings(explanation).items():
        lines.append(f'\n{name}')
        lines += [f'  {"!" if item.severity == "warning" else "-"} {item.text}' for item in items]
    return '\n'.join(lines)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return figures and verdicts for ``--json``."""
    ages = [reach(explanation, joint) for joint in range(len(explanation.joints))]
    return to_plain(
        {
            'model': explanation.card.name,
            'sha256': explanation.sha256,
            'recordings': explanation.recordings,
            'rows': explanation.rows,
            'explained': explanation.kind,
            'joints': explanation.joints,
            'features': [signal.name for signal in explanation.card.features],
            'dt': explanation.card.dt,
            'reach_s': ages,
            'past': explanation.history,
            'attribution': explanation.attribution,
            'contraction': explanation.contraction,
            'nodes': explanation.nodes,
            'probes': explanation.probes,
            'probed_by': explanation.probed_by,
            'outside_training_range': explanation.outside,
            'findings': findings(explanation),
        }
    )


def _what(explanation: Explanation) -> str:
    if explanation.card.model_kind == 'forward':
        return f'the change of {explanation.kind} predicted one step ahead'
    rest = ' beyond the rigid-body prior' * (explanation.card.model_kind == 'residual_inverse')
    return f'the {explanation.kind}{rest}'


def _drawers(explanation: Explanation) -> dict[str, list[Callable[[], bytes]]]:
    """Return what draws the pictures of each section; nothing where there is nothing to draw."""
    dt, nodes = explanation.card.dt, list[Callable[[], bytes]]()
    for node in explanation.nodes:
        nodes.append(partial(figures.node_figure, node, dt))
        if len(node.ages):
            nodes.append(partial(figures.decay_figure, node, dt))
    return {
        'past': [lambda: figures.past_figure(explanation)],
        'ages': [lambda: figures.influence_figure(explanation)],
        'inputs': [
            lambda: figures.inputs_figure(explanation),
            lambda: figures.ages_figure(explanation),
        ],
        'memory': nodes,
        'probes': [lambda: figures.probe_figure(explanation)] * bool(explanation.probes),
        'washout': [lambda: figures.washout_figure(explanation)] * bool(explanation.nodes),
    }
