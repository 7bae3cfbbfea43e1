# SPDX-License-Identifier: Apache-2.0
"""Tests for probe.py."""

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.excitation.probe import probe, PROBES
import numpy as np
import pytest

LIMITS = (87.0, 12.0, 5.0)


@pytest.mark.parametrize('kind', PROBES)
def test_it_keeps_to_its_share_of_the_limits(kind: str) -> None:
    signal = probe(LIMITS, duration=20.0, share=0.02, kind=kind)

    assert signal.shape == (4000, 3)
    peaks = np.abs(signal).max(axis=0)
    assert (peaks <= 0.02 * np.array(LIMITS) + 1e-12).all()
    assert (peaks > 0.019 * np.array(LIMITS)).all()


@pytest.mark.parametrize('kind', PROBES)
def test_it_starts_and_ends_at_zero(kind: str) -> None:
    signal = probe(LIMITS, duration=5.0, kind=kind)

    assert not signal[0].any()
    assert not signal[-1].any()
    assert (np.abs(signal[1]) < 1e-4 * np.array(LIMITS)).all()


@pytest.mark.parametrize('kind', PROBES)
def test_the_joints_can_be_told_apart(kind: str) -> None:
    related = np.corrcoef(probe(LIMITS, duration=30.0, kind=kind).T)

    assert (np.abs(related - np.eye(3)) < 0.1).all()


@pytest.mark.parametrize('kind', PROBES)
def test_its_power_is_where_the_latency_shows(kind: str) -> None:
    power = np.abs(np.fft.rfft(probe(LIMITS, duration=30.0, kind=kind), axis=0)) ** 2
    frequency = np.fft.rfftfreq(6000, 0.005)
    band = (frequency > 8.0) & (frequency < 60.0)

    assert (power[band].sum(axis=0) > 0.5 * power.sum(axis=0)).all()


def test_the_binary_sequence_is_of_maximal_length() -> None:
    chips = probe((1.0,), duration=2047 * 0.005 * 2, share=0.1, chip=1)[200:-200, 0]
    windows = {tuple(np.sign(chips[k : k + 11])) for k in range(2047)}

    assert len(windows) == 2047


def test_the_same_arguments_give_the_same_signal() -> None:
    np.testing.assert_array_equal(probe(LIMITS, duration=5.0), probe(LIMITS, duration=5.0))


@pytest.mark.parametrize('share', [0.0, 0.2, float('nan')])
def test_more_than_a_tenth_of_the_limits_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match='at most 10%'):
        probe(LIMITS, duration=5.0, share=share)


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(ConfigError, match='effort limit of every joint'):
        probe((87.0, np.inf), duration=5.0)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='multi_sine, prbs'):
        probe(LIMITS, duration=5.0, kind='chirp')


def test_too_short_a_probe_is_refused() -> None:
    with pytest.raises(ConfigError, match='four periods'):
        probe(LIMITS, duration=0.01)
