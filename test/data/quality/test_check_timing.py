# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks of stamps and counters."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.data.quality.check_timing import step, timing_findings
from lstm_dynamics_ros.data.quality.finding import Finding
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def found(recording: Recording, **options: float) -> dict[str, Finding]:
    return {item.code: item for item in timing_findings([recording], **options)}  # type: ignore[arg-type]


def test_a_sound_recording_has_no_findings(make_recording: Make) -> None:
    assert timing_findings([make_recording(duration=30.0)], dt=0.01, window=3.0) == []


def test_a_recording_of_seconds_is_short(make_recording: Make) -> None:
    assert 'only 2.0 s of data' in found(make_recording(duration=2.01))['too_short'].text


def test_a_recording_shorter_than_a_window_is_an_error(make_recording: Make) -> None:
    item = found(make_recording(duration=30.01), window=40.0)['too_short']
    assert item.severity == 'error'
    assert 'is 30.0 s, but one training window needs 40.0 s' in item.text


def test_the_stretch_between_gaps_counts_for_a_window(make_recording: Make) -> None:
    made = make_recording(duration=30.0)
    stamps = made.stamp_ns.copy()
    stamps[1500:] += 1_000_000_000
    text = found(replace(made, stamp_ns=stamps), window=20.0)['too_short'].text
    assert 'longest stretch without a gap is 15.0 s' in text


def test_one_measurement_is_an_error(make_recording: Make) -> None:
    assert found(make_recording(duration=0.01))['too_short'].severity == 'error'


def test_a_gap_is_named_with_its_place(make_recording: Make) -> None:
    made = make_recording(duration=30.0)
    stamps = made.stamp_ns.copy()
    stamps[1000:] += 500_000_000
    item = found(replace(made, stamp_ns=stamps), dt=0.01)['gaps']
    assert '1 gaps longer than 0.055 s' in item.text
    assert 'the longest is 0.51 s, 10.0 s into run' in item.text


def test_jitter_is_told_from_a_steady_rate(make_recording: Make) -> None:
    made = make_recording(duration=30.0)
    noise = np.random.default_rng(0).normal(0, 1, len(made))
    steady = replace(made, stamp_ns=made.stamp_ns + np.round(2e5 * noise).astype(np.int64))
    shaky = replace(made, stamp_ns=made.stamp_ns + np.round(2e6 * noise).astype(np.int64))
    assert 'rate_jitter' not in found(steady)
    assert 'off the usual 10' in found(shaky)['rate_jitter'].text.replace('9.9', '10')


def test_a_rate_below_the_grids_is_told(make_recording: Make) -> None:
    made = make_recording(duration=30.0, rate=30.0)
    assert 'Choose dt >= 0.0333 s' in found(made, dt=0.005)['slow_rate'].text
    assert 'slow_rate' not in found(made, dt=0.04)


def test_recordings_of_different_rates_are_told(make_recording: Make) -> None:
    made = [make_recording(duration=20.0, rate=rate) for rate in (100.0, 250.0)]
    texts = {item.code: item.text for item in timing_findings(made)}
    assert 'from 100.0 to 250.0 Hz' in texts['rates_differ']


@pytest.mark.parametrize(
    'code',
    [
        'duplicate_stamp',
        'out_of_order',
        'clock_jump_back',
        'zero_stamp',
        'partial',
        'wrong_length',
        'duplicate_names',
        'position_not_finite',
        'malformed',
    ],
)
def test_what_was_counted_is_said_and_weighed_by_how_often(
    make_recording: Make, code: str
) -> None:
    made = make_recording(duration=30.0)
    rare = found(replace(made, counters={code: 2}))[code]
    often = found(replace(made, counters={code: 300}))[code]
    assert (rare.severity, often.severity) == ('info', 'warning')
    assert rare.text.startswith('2 messages ')
    assert code not in found(replace(made, counters={code: 0}))


def test_copies_are_told(make_recording: Make) -> None:
    one = replace(make_recording(duration=30.0), sha256='ab')
    items = timing_findings([one, replace(one, name='again')])
    assert [item.code for item in items] == ['copies']
    assert items[0].text.startswith('run and again hold the same data')
    assert timing_findings([one, replace(one, sha256='cd')]) == []


def test_recovered_messages_are_good_to_know(make_recording: Make) -> None:
    made = replace(make_recording(duration=30.0), counters={'recovered': 3000})
    assert found(made)['recovered'].severity == 'info'


def test_the_step_leaves_repeated_stamps_out(make_recording: Make) -> None:
    made = make_recording(duration=1.0)
    assert step(replace(made, stamp_ns=np.repeat(made.stamp_ns[::2], 2))) == pytest.approx(0.02)
