# SPDX-License-Identifier: Apache-2.0
"""What is shown of a choice."""

from lstm_dynamics_ros.workflows.inspect import choice_text


def test_a_choice_is_a_table_with_what_was_chosen_and_why() -> None:
    rows: list[dict[str, object]] = [
        {'title': 'linear, a', 'score': 0.5, 'far': 0.75, 'seconds': 1.0, 'chosen': True},
        {'title': 'gru 16', 'score': None, 'far': None, 'seconds': 20.0, 'chosen': False},
    ]
    rows[0] |= {'failed': ''}
    rows[1] |= {'failed': 'The loss became nan'}
    text = choice_text({'candidates': rows, 'why': 'Linear: it is best.'}).splitlines()
    assert text[1].split() == ['>', 'linear,', 'a', '0.5', '0.75', '1.0']
    assert 'The loss became nan' in text[2]
    assert text[-1] == 'Linear: it is best.'
