# SPDX-License-Identifier: Apache-2.0
"""A look inside a model as one HTML page, as JSON, and as lines for the terminal."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from html import escape
from pathlib import Path

from lstm_dynamics_ros import __version__
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.quality.finding import Finding
from lstm_dynamics_ros.evaluation.reports import explanation_figures as figures
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.explanation_findings import findings, reach
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation
import numpy as np

SECTIONS = {
    'past': (
        'How far back it looks',
        'The model runs over the recording again, with everything older than an age replaced by '
        'an uneventful past: inputs held, positions going on at constant velocity. The curve is '
        'how much the newest output then changes, in units of its own spread over the recording. '
        'Good: it falls to nothing within what friction, drives and filters of the robot '
        'remember. A warning sign: it does not fall, or lies at zero although the robot has '
        'friction or hysteresis.',
    ),
    'ages': (
        'Sensitivity by age',
        'Exact derivative of the output by every input of the past, through the hidden state, '
        'times the usual deviation of that input. Neighbouring ages have opposite signs and '
        'cancel where inputs are smooth, so large values say how a single odd sample is '
        'amplified, not how much is remembered. A warning sign: old inputs stand out against '
        'the newest.',
    ),
    'inputs': (
        'Which inputs matter',
        'Integrated gradients: contributions that add up to the output, against a robot that '
        'rests at the mean of the training data. Left, all inputs of a joint together; right, '
        'each kind of input alone; below, each age alone, where neighbours cancel too. Good: the '
        'diagonal leads on the left, and coupled joints follow. A warning sign: a joint that is '
        'driven by one it is not coupled with, or kinds that contribute far more alone than '
        'together.',
    ),
    'memory': (
        'Memory of the units',
        'Left: how open the gates are. Middle: how long they are saturated, where they cannot '
        'react. Right: how long units remember, by the gate that keeps and by the derivative of '
        'their state. The curves below are nudges of the state while it is being forgotten. A '
        'warning sign: nudges that grow for good, or times far beyond the washout.',
    ),
    'probes': (
        'What the units know',
        'Linear probes read a label from the hidden units, scored on data left out. Beside them '
        'the same from the inputs of the moment alone, with shapes friction has: only what the '
        'units add to that is memory. Friction sign: sign of a velocity. Reversal: the sign '
        'changed within 0.1 s. Payload: if it was given. A warning sign: a robot with much '
        'friction whose model follows no reversal and adds nothing to the inputs.',
    ),
    'washout': (
        'How fast it forgets how it started',
        'Two copies of the model start from random hidden states and get the same inputs. The '
        'node waits for the washout of the card before it believes the model. A warning sign: '
        'the worst pair is above 1 % beyond the dashed line.',
    ),
}
"""Title and explanation of each section."""


def write_explanation(
    path: Path, explanation: Explanation, progress: Progress | None = None
) -> None:
    """Write the page.

    Args:
        path: Where to; an existing page is replaced.
        explanation: What was found.
        progress: Told (done, total, what).
    """
    write_text(path, explanation_page(explanation, progress))


def explanation_page(explanation: Explanation, progress: Progress | None = None) -> str:
    """Return the page as HTML."""
    card, found = explanation.card, findings(explanation)
    warnings = [item.text for items in found.values() for item in items
                if item.severity == 'warning']  # fmt: skip
    title = f'Inside {card.name}'
    shown = [name for name in SECTIONS if _drawers(explanation)[name]]
    body = [
        html.heading(1, title),
        html.paragraph(
            f'{card.model_kind} model, {card.cell.upper()} {card.num_layers} x '
            f'{card.hidden_size}, {card.n_joints} joints, dt {1e3 * card.dt:g} ms, on '
            f'{", ".join(explanation.recordings)} ({explanation.rows} rows). Explained: '
            f'{_what(explanation)}. Written by lstm_dynamics_ros {__version__}.',
            soft=True,
        ),
        html.navigation([(name, SECTIONS[name][0]) for name in shown]),
        html.card(html.heading(3, 'Summary'), html.items(summary(explanation))),
    ]
    if warnings:
        body.append(
            html.card(html.heading(3, 'Look at these'), html.items(warnings), style='warn')
        )
    for number, name in enumerate(shown):
        if progress is not None:
            progress(number, len(shown), SECTIONS[name][0])
        heading, text = SECTIONS[name]
        pictures = [html.image(draw(), heading) for draw in _drawers(explanation)[name]]
        said = [*found[name], *(found['gates'] if name == 'memory' else [])]
        body.append(html.heading(2, heading, name))
        body.append(html.card(html.paragraph(text, soft=True), *pictures, _verdicts(said)))
    body.append(html.heading(2, 'Thresholds', 'facts'))
    body.append(html.card(html.facts(_facts(explanation))))
    if progress is not None:
        progress(len(shown), len(shown), 'done')
    return html.page(title, body)


def summary(explanation: Explanation) -> list[str]:
    """Return the few lines an engineer reads first."""
    found = findings(explanation)
    count = sum(item.severity == 'warning' for items in found.values() for item in items)
    ages = [reach(explanation, joint) for joint in range(len(explanation.joints))]
    joint = int(np.argmax(ages))
    longest = f'{1e3 * ages[joint]:.0f} ms' if np.isfinite(ages[joint]) else 'beyond the window'
    return [
        f'{count} warning{"s" * (count > 1)}.' if count else 'No warnings.',
        f'The {explanation.kind} depends on the past up to {longest} ({explanation.joints[joint]} '
        'longest).',
        *(item.text for item in found['recording'] + found['memory'] + found['washout']
          if item.severity == 'info'),
    ]  # fmt: skip


def explanation_text(explanation: Explanation) -> str:
    """Return the verdicts as lines for the terminal."""
    lines = [f'Inside {explanation.card.name}: {_what(explanation)}']
    for name, items in findings(explanation).items():
        lines.append(f'\n{name}')
        lines += [f'  {"!" if item.severity == "warning" else "-"} {item.text}' for item in items]
    return '\n'.join(lines)


def explanation_json(explanation: Explanation) -> dict[str, object]:
    """Return figures and verdicts for ``--json``."""
    figures_of = {
        name: _plain(asdict(getattr(explanation, name)))
        for name in ('past', 'attribution', 'contraction')
    }
    return {
        'model': explanation.card.name,
        'sha256': explanation.sha256,
        'recordings': list(explanation.recordings),
        'rows': explanation.rows,
        'explained': explanation.kind,
        'joints': list(explanation.joints),
        'features': [signal.name for signal in explanation.card.features],
        'dt': explanation.card.dt,
        'reach_s': [
            value if np.isfinite(value) else None
            for value in (reach(explanation, j) for j in range(len(explanation.joints)))
        ],
        **figures_of,
        'nodes': [_plain(asdict(node)) for node in explanation.nodes],
        'probes': [asdict(item) for item in explanation.probes],
        'probed_by': explanation.probed_by,
        'outside_training_range': explanation.outside,
        'findings': {
            name: [asdict(item) for item in items] for name, items in findings(explanation).items()
        },
    }


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


def _verdicts(items: Sequence[Finding]) -> str:
    marks = {'warning': ('bad', 'look'), 'info': ('good', 'fine')}
    rows = ''.join(
        f'<tr><td class="{marks[item.severity][0]}">{marks[item.severity][1]}</td>'
        f'<td>{escape(item.text)}</td></tr>\n'
        for item in items
    )
    return f'<table class="facts"><tbody>\n{rows}</tbody></table>'


def _facts(explanation: Explanation) -> list[tuple[str, str]]:
    return [
        ('sha256 of the model', explanation.sha256),
        ('moments', f'{explanation.influence.moments} for derivatives, '
                    f'{explanation.attribution.moments} for integrated gradients'),
        ('matters', 'a change of the output of more than 5 % of its spread'),
        ('now, long ago', 'up to 50 ms, from 300 ms'),
        ('saturated gate', 'below 0.05 or above 0.95'),
        ('follows', 'R2 of at least 0.5 of a single unit, on data left out'),
        ('memory', 'R2 of units and inputs at least 0.05 above that of the inputs'),
        ('left out in turn', explanation.probed_by),
    ]  # fmt: skip


def _plain(values: dict[str, object]) -> dict[str, object]:
    """Return arrays as lists, and what is not finite as None."""

    def plain(value: object) -> object:
        if isinstance(value, np.ndarray):
            return plain(value.tolist())
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, float) and not np.isfinite(value):
            return None
        return value

    return {name: plain(value) for name, value in values.items()}
