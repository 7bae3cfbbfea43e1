# SPDX-License-Identifier: Apache-2.0
"""What the figures of a look inside a model mean, in sentences, by stated thresholds."""

from collections.abc import Callable

from lstm_dynamics_ros.data.quality.finding import Finding, info, listed, warning
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation, NodeActivity
import numpy as np

NOTICEABLE = 0.05
"""Change of an output, as a share of its spread, that matters."""

LATE = 0.3
"""Age of inputs that should not matter more than the newest ones [s]."""

NEWEST = 0.05
"""Age up to which inputs count as now [s]."""

OPPOSED = 5.0
"""Contributions this many times larger than what is left of them depend on their agreement."""

COMPLETE = 0.05
"""Largest gap of integrated gradients that can be trusted."""

STUCK = 0.95
"""A gate that is closed or open for this share of the time is stuck."""

TRACKS = 0.5
"""R2 of a unit that follows a label."""

GAINED = 0.05
"""R2 beyond the current inputs that counts as memory."""

OUTSIDE = 0.05
"""Share of rows outside the training range that makes a look inside doubtful."""

FEW = 0.05
"""Share of units that may be slower than the window."""

LONGER = 1.5
"""Washout this many times longer than the card's is another one."""


def findings(explanation: Explanation) -> dict[str, list[Finding]]:
    """Return the verdicts by section of the report."""
    sections: dict[str, Callable[[Explanation], list[Finding]]] = {
        'recording': _recording,
        'past': _past,
        'inputs': _inputs,
        'ages': _ages,
        'memory': _memory,
        'gates': _gates,
        'probes': _probes,
        'washout': _washout,
    }
    return {name: judge(explanation) for name, judge in sections.items()}


def reach(explanation: Explanation, joint: int) -> float:
    """Return the age [s] from which on the past changes an output of a joint less than 5 %.

    Infinite if it still changes more at the last age that was looked at.
    """
    past = explanation.history
    late = np.flatnonzero(past.change[:, joint] > NOTICEABLE)
    if not len(late):
        return 0.0
    if late[-1] + 2 >= len(past.ages):  # the last age has nothing older in the window
        return float('inf')
    return float(past.ages[late[-1] + 1] * explanation.card.dt)


def _recording(explanation: Explanation) -> list[Finding]:
    bad = {name: share for name, share in explanation.outside.items() if share > OUTSIDE}
    if not bad:
        return [info('range', 'The recording is within what the model was trained on.')]
    worst = max(bad, key=lambda name: bad[name])
    text = (
        f'{listed(sorted(bad))} are outside the training range, {worst} for {bad[worst]:.0%} of '
    )
    text += 'the time: these findings hold where the model was never trained.'
    return [warning('range', text)]


def _past(explanation: Explanation) -> list[Finding]:
    found = []
    last = explanation.history.ages[-1] * explanation.card.dt
    for joint, name in enumerate(explanation.joints):
        how_far, memory = reach(explanation, joint), explanation.history.change[0, joint]
        what = f'{name}: {explanation.kind}'
        if how_far == float('inf'):
            text = f'{what} still depends on what is older than {last:.2g} s. Look further back '
            found.append(warning('past', f'{text}with --window.'))
        elif how_far == 0.0:
            text = f'{what} depends on the newest inputs; no older ones matter.'
            found.append(info('past', text))
        else:
            text = f'{what} depends on the last {1e3 * how_far:.0f} ms, nothing older matters. '
            text += f'All the past together is worth {memory:.0%} of its spread.'
            found.append(info('past', text))
    return found


def _inputs(explanation: Explanation) -> list[Finding]:
    attribution, joints = explanation.attribution, explanation.joints
    if attribution.gap > COMPLETE:
        text = f'The contributions miss the output by up to {attribution.gap:.0%}: do not trust '
        found = [warning('complete', f'{text}them.')]
    else:
        text = f'The contributions add up to the output within {attribution.gap:.1%}.'
        found = [info('complete', text)]
    by_kind = explanation.blocks(attribution.by_feature)
    opposed: dict[str, list[str]] = {}
    worst = 0.0
    for joint, name in enumerate(joints):
        shares, own = attribution.by_joint[joint], by_kind[joint, :, joint]
        order = np.argsort(shares)[::-1]
        first, second = (np.argsort(own)[::-1].tolist() * 2)[:2]
        named = listed([f'{joints[i]} ({shares[i]:.2g})' for i in order[:3]])
        pair = dict.fromkeys([first, second])
        own_kinds = listed([f'{explanation.kinds[i]} ({own[i]:.2g})' for i in pair])
        text = f'{name} is driven by {named}; of its own inputs by {own_kinds}.'
        found.append(info('inputs', text))
        if order[0] != joint and shares[order[0]] > 2 * shares[joint]:
            text = f'{name} depends more on {joints[order[0]]} than on itself. Right only if '
            found.append(warning('foreign', f'{text}the joints are coupled so.'))
        if first != second and own[second] > OPPOSED * shares[joint]:
            kinds = ' and '.join(explanation.kinds[i] for i in sorted((first, second)))
            opposed.setdefault(kinds, []).append(name)
            worst = max(worst, own[second] / shares[joint])
    if opposed:
        pairs = listed([f'{kinds} of {listed(names)}' for kinds, names in opposed.items()])
        text = (
            f'{pairs}: alone they contribute up to {worst:.0f} times what they do together. The '
        )
        text += (
            'model relies on both agreeing as in its training: another filter of the velocity, '
        )
        found.append(warning('opposed', f'{text}or an offset of one of them, is amplified.'))
    return found


def _ages(explanation: Explanation) -> list[Finding]:
    """Look for inputs that matter more when they are old."""
    blocks = explanation.blocks(explanation.influence.jacobian)  # (D, K + 1, kinds, joints)
    ages, found = explanation.ages, []
    late, now = ages >= LATE, ages <= NEWEST
    if not late.any():
        text = f'The memory of the model is shorter than {LATE} s: no old input can stand out.'
        return [info('ages', text)]
    for joint, name in enumerate(explanation.joints):
        most = blocks[joint].max()
        newest, old = blocks[joint][now].max(0), blocks[joint][late].max(0)
        odd = (old > newest) & (old > NOTICEABLE) & (old > 0.1 * most)
        for kind, other in np.argwhere(odd):
            age = ages[late][blocks[joint][late][:, kind, other].argmax()]
            found.append(
                warning(
                    'late',
                    f'{name} depends more on the {explanation.kinds[kind]} of '
                    f'{explanation.joints[other]} {age:.2g} s ago than now: suspicious.',
                )
            )
    return found or [info('ages', f'No input matters more {LATE} s ago than now.')]


def _memory(explanation: Explanation) -> list[Finding]:
    if not explanation.nodes:
        return [info('memory', 'The model has no recurrent cell: nothing in it remembers.')]
    return [item for node in explanation.nodes for item in _node_memory(explanation, node)]


def _node_memory(explanation: Explanation, node: NodeActivity) -> list[Finding]:
    by_gate = np.quantile(node.gate_time, [0.5, 1.0]) * 1e3
    text = f'{node.name}: by their gates half of the units forget within {by_gate[0]:.0f} ms, the '
    text += f'slowest within {by_gate[1]:.0f} ms'
    if not len(node.ages):
        return [info('memory', f'{text}. Too wide for derivatives of its state.')]
    lasting = np.isinf(node.decay_time)
    window = node.ages[-1] * explanation.card.dt
    finite = node.decay_time[~lasting]
    if len(finite):
        middle, slowest = 1e3 * np.median(finite), 1e3 * finite.max()
        text += f'; with the loops through each other {middle:.0f} ms and {slowest:.0f} ms'
    found = [info('memory', f'{text}.')]
    if lasting.mean() > FEW:
        text = f'{node.name}: {int(lasting.sum())} of {len(lasting)} units had not forgotten '
        found.append(warning('lasting', f'{text}within {window:.2g} s.'))
    if node.strongest[-1] > 1.0:
        found.append(
            warning(
                'unstable',
                f'{node.name}: some nudge of its state has grown {node.strongest[-1]:.2g} times '
                f'after {window:.2g} s. The cell may not forget.',
            )
        )
    return found


def _gates(explanation: Explanation) -> list[Finding]:
    found = []
    for node in explanation.nodes:
        stuck = ((node.closed > STUCK) | (node.opened > STUCK)).all(0)
        still = node.spread < 1e-3
        text = f'{node.name}: {int(stuck.sum())} of {stuck.size} units have all gates stuck, '
        text += f'{int(still.sum())} never move.'
        many = np.mean(stuck | still) > 0.25
        more = ' A smaller cell would do.' if many else ''
        found.append((warning if many else info)('gates', text + more))
    return found or [info('gates', 'The model has no gates.')]


def _probes(explanation: Explanation) -> list[Finding]:
    if not explanation.probes:
        return [info('probes', 'There are no hidden units to probe, or no labels that vary.')]
    found = [
        info('follows', f'{item.unit} follows the {item.label}, R2 {item.unit_r2:.2f}.')
        for item in explanation.probes
        if item.unit_r2 >= TRACKS
    ]
    for item in explanation.probes:
        if item.both_r2 - max(item.baseline_r2, 0.0) > GAINED:
            text = f'The hidden units know more of the {item.label} than the inputs of the moment '
            text += f'say: R2 {item.both_r2:.2f} with them, {item.baseline_r2:.2f} without.'
            found.append(info('remembers', text))
    if not any(item.code == 'remembers' for item in found):
        text = 'The hidden units know no more of friction signs, reversals or payload than the '
        found.append(info('probes', f'{text}inputs of the moment say.'))
    return found


def _washout(explanation: Explanation) -> list[Finding]:
    card, steps = explanation.card, explanation.contraction.steps
    text = (
        f'Copies from random hidden states agree to 1 % after {steps} steps '
        f'({steps * card.dt:.2g} s); the card says {card.washout_steps}.'
    )
    if steps >= explanation.contraction.worst.size:
        text = f'Copies from random hidden states do not agree to 1 % within {steps} steps; the '
        return [warning('washout', f'{text}card says {card.washout_steps}.')]
    if steps > LONGER * max(card.washout_steps, 5):
        text += ' Here the model forgets more slowly than where its washout was measured.'
        return [warning('washout', text)]
    return [info('washout', text)]
