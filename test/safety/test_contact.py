# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/contact.py, with the forces on an arm of two links."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.safety.contact import ContactDetector, ContactSettings, tool_force
import numpy as np
import pytest

PERIOD = 0.005
BAND = np.array([1.0, 0.5])
LENGTHS = (0.5, 0.4)  # [m]
POSE = (0.3, 1.0)  # [rad]
SETTINGS = ContactSettings(threshold=2.0, anywhere=1.25, release=0.5)


def jacobian() -> Matrix:
    """Return how the tip moves with the joints, x and z in a vertical plane, (2, 2) [m/rad]."""
    (a, b), (p, q) = LENGTHS, POSE
    return np.array(
        [
            [-a * np.sin(p) - b * np.sin(p + q), -b * np.sin(p + q)],
            [a * np.cos(p) + b * np.cos(p + q), b * np.cos(p + q)],
        ]
    )


def torque_of(force: list[float]) -> Vector:
    """Return what the drives feel of a force on the tip [N]: they must push back."""
    torque: Vector = -jacobian().T @ np.array(force)
    return torque


TOOL = np.insert(jacobian(), 1, 0.0, axis=0)  # across the plane nothing is felt
KILOGRAM = torque_of([0.0, -9.81])[:, None]


def run(detector: ContactDetector, residual: Vector, time: float, **given: Matrix) -> bool:
    for _ in range(round(time / PERIOD)):
        detector.update(residual, BAND, **given)
    return detector.contact


def test_a_force_of_15_n_that_builds_up_is_noticed_within_50_ms() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    noise = np.random.default_rng(1)
    forces = np.clip(300.0 * (np.arange(200) * PERIOD - 0.2), 0.0, 40.0)  # a wall met at speed
    contact = []
    for force in forces:
        residual = torque_of([-force, 0.0]) + 0.3 * BAND * noise.normal(size=2)
        contact.append(detector.update(residual, BAND, KILOGRAM, TOOL))
    begin, passed = int(np.argmax(forces > 0.0)), int(np.argmax(forces > 15.0))
    fired = int(np.argmax(contact))
    assert begin <= fired <= passed + 0.05 / PERIOD
    assert not any(contact[:begin])


def test_a_payload_that_is_picked_up_is_no_contact_whatever_it_weighs() -> None:
    for mass in (1.0, 2.5, 4.9):
        detector = ContactDetector(SETTINGS, 2, PERIOD)
        assert not run(detector, mass * KILOGRAM[:, 0], 2.0, explained_by=KILOGRAM)
        assert detector.count == 0
        assert detector.payload
        assert detector.score < 1e-9


def test_a_payload_that_comes_with_the_delay_of_a_filter_is_no_contact() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    for k in range(100):
        mass = 2.5 * (1 - np.exp(-k * PERIOD / 0.02))
        detector.update(mass * KILOGRAM[:, 0], BAND, KILOGRAM)
    assert detector.count == 0


def test_a_force_that_builds_up_like_a_weight_is_contact() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    for k in range(100):  # 100 N/s, straight down
        detector.update(0.05 * k * KILOGRAM[:, 0], BAND, KILOGRAM, TOOL)
        if detector.contact:
            break
    assert detector.contact
    assert 0.05 * k * 9.81 < 15.0


def test_a_robot_that_overshoots_under_a_new_payload_is_not_in_contact() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    run(detector, 2.5 * KILOGRAM[:, 0], 0.2, explained_by=KILOGRAM)
    run(detector, 0.0 * BAND, 0.3, explained_by=KILOGRAM)
    run(detector, -1.5 * KILOGRAM[:, 0], 0.3, explained_by=KILOGRAM)
    assert detector.count == 0
    run(detector, 0.0 * BAND, 2.0, explained_by=KILOGRAM)
    assert run(detector, -1.5 * KILOGRAM[:, 0], 0.1, explained_by=KILOGRAM)


def test_support_from_below_is_contact_at_once() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    assert run(detector, -1.0 * KILOGRAM[:, 0], 0.02, explained_by=KILOGRAM)


def test_a_payload_that_was_dropped_is_not_contact_for_ever() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    assert run(detector, -2.0 * KILOGRAM[:, 0], 0.9, explained_by=KILOGRAM)
    assert not run(detector, -2.0 * KILOGRAM[:, 0], 0.2, explained_by=KILOGRAM)
    assert not run(detector, -2.0 * KILOGRAM[:, 0], 2.0, explained_by=KILOGRAM)
    never = ContactDetector(replace(SETTINGS, weight_after=0.0), 2, PERIOD)
    assert run(never, -2.0 * KILOGRAM[:, 0], 20.0, explained_by=KILOGRAM)


def test_without_a_payload_model_a_payload_looks_like_contact() -> None:
    assert run(ContactDetector(SETTINGS, 2, PERIOD), 3.0 * KILOGRAM[:, 0], 0.1)


def test_more_than_the_largest_payload_is_contact() -> None:
    detector = ContactDetector(replace(SETTINGS, max_payload=1.0), 2, PERIOD)
    assert run(detector, 3.0 * KILOGRAM[:, 0], 0.1, explained_by=KILOGRAM)


def test_a_side_force_is_noticed_with_a_payload_in_the_hand() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    residual = 2.0 * KILOGRAM[:, 0] + torque_of([-20.0, 0.0])
    assert run(detector, residual, 0.05, explained_by=KILOGRAM)


def test_what_is_left_of_a_payload_is_the_least_squares_residual() -> None:
    rng = np.random.default_rng(5)
    band = rng.uniform(0.5, 2.0, 7)
    for p in (1, 3):
        columns = rng.normal(size=(7, p))
        # much of the first column, so that it is a payload, and an error of the model
        residual = 20.0 * columns[:, 0] + 0.3 * band * rng.uniform(-1.0, 1.0, 7)
        detector = ContactDetector(replace(SETTINGS, max_payload=1e6), 7, PERIOD)
        detector.update(residual, band, columns)
        scaled, orthogonal = residual / band, np.linalg.qr(columns / band[:, None])[0]
        left = scaled - orthogonal @ (orthogonal.T @ scaled)
        assert detector.payload
        assert detector.score == pytest.approx(np.linalg.norm(left))


def test_a_pose_where_a_payload_weighs_nothing_explains_nothing() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    assert run(detector, np.array([3.0, 0.0]), 0.1, explained_by=np.zeros((2, 1)))


def test_elsewhere_more_is_needed_than_at_the_tool() -> None:
    rng = np.random.default_rng(2)
    tool, band = rng.normal(size=(3, 7)), rng.uniform(0.5, 2.0, 7)
    force = tool.T @ rng.normal(size=3)
    scaled, along = rng.normal(size=7), np.linalg.qr((tool / band).T)[0]
    error = band * (scaled - along @ (along.T @ scaled))  # what no force at the tool explains
    noticed = []
    for torque in (force, error):
        for length in (1.9, 2.1, 2.4, 2.6):
            detector = ContactDetector(SETTINGS, 7, PERIOD)
            scale = length / np.linalg.norm(torque / band)
            for _ in range(10):
                detector.update(scale * torque, band, None, tool)
            noticed.append((detector.contact, detector.at_tool))
    none, at_tool, elsewhere = (False, False), (True, True), (True, False)
    assert noticed == [none, at_tool, at_tool, at_tool, none, none, none, elsewhere]


def test_what_turns_out_to_be_no_force_at_the_tool_is_not_taken_for_one_any_more() -> None:
    detector = ContactDetector(SETTINGS, 3, PERIOD)
    tool = np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    for _ in range(10):
        detector.update(np.array([4.0, 2.0, 0.0]), np.ones(3), None, tool)
    seen = [(detector.contact, detector.at_tool)]
    for _ in range(10):
        detector.update(np.array([0.0, 0.0, 4.0]), np.ones(3), None, tool)
    seen.append((detector.contact, detector.at_tool))
    assert seen == [(True, True), (True, False)]


def test_a_single_spike_is_no_contact() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    detector.update(50.0 * BAND, BAND)
    assert not detector.contact
    detector.update(0.0 * BAND, BAND)
    detector.update(50.0 * BAND, BAND)
    assert not detector.contact


def test_it_ends_only_after_the_hold_time_and_well_below_the_threshold() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    assert run(detector, 2.0 * BAND, 0.05)
    assert run(detector, 1.0 * BAND, 2.0)  # a length between 0.5 and 1 times the threshold
    assert run(detector, 0.5 * BAND, 0.295)
    assert not run(detector, 0.5 * BAND, 0.01)
    assert detector.duration == 0.0


def test_contacts_are_counted() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    for _ in range(3):
        run(detector, 2.0 * BAND, 0.1)
        run(detector, 0.0 * BAND, 0.5)
    detector.reset()
    assert detector.count == 3


def test_a_long_contact_asks_for_disarming_if_told_to() -> None:
    detector = ContactDetector(replace(SETTINGS, disarm_after=0.2), 2, PERIOD)
    run(detector, 2.0 * BAND, 0.15)
    asked = [detector.disarms]
    run(detector, 2.0 * BAND, 0.1)
    asked.append(detector.disarms)
    assert asked == [False, True]
    patient = ContactDetector(SETTINGS, 2, PERIOD)
    run(patient, 2.0 * BAND, 10.0)
    assert not patient.disarms


def test_nan_changes_nothing() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    run(detector, 2.0 * BAND, 0.1)
    assert run(detector, np.array([np.nan, 0.0]), 5.0, explained_by=KILOGRAM)
    free = ContactDetector(SETTINGS, 2, PERIOD)
    assert not run(free, np.array([np.nan, 0.0]), 1.0)


def test_reset_ends_the_contact() -> None:
    detector = ContactDetector(SETTINGS, 2, PERIOD)
    run(detector, 2.0 * BAND, 0.1)
    detector.reset()
    assert not detector.contact


@pytest.mark.parametrize(
    ('residual', 'band', 'columns', 'tool'),
    [
        (np.ones(3), BAND, None, None),
        (BAND, np.ones(1), None, None),
        (BAND, BAND, np.ones((3, 1)), None),
        (9 * BAND, BAND, None, np.ones((3, 3))),
    ],
)
def test_arrays_of_another_robot_are_refused(
    residual: Vector, band: Vector, columns: Matrix | None, tool: Matrix | None
) -> None:
    with pytest.raises(ShapeError):
        ContactDetector(SETTINGS, 2, PERIOD).update(residual, band, columns, tool)


def test_a_period_must_be_positive() -> None:
    with pytest.raises(ConfigError, match='control period'):
        ContactDetector(SETTINGS, 2, 0.0)


def test_a_force_at_the_tool_is_found_and_leaves_nothing() -> None:
    rng = np.random.default_rng(0)
    jacobian, force = rng.normal(size=(3, 7)), np.array([3.0, -2.0, 8.0])
    torque, band = jacobian.T @ force, rng.uniform(0.2, 2.0, 7)
    found = tool_force(torque, band, jacobian)
    np.testing.assert_allclose(found.force, force)
    assert found.explained == pytest.approx(np.linalg.norm(torque / band))
    assert found.left == pytest.approx(0.0, abs=1e-9)


def test_what_is_left_is_square_to_what_any_force_can_do() -> None:
    rng = np.random.default_rng(1)
    jacobian, torque, band = rng.normal(size=(3, 7)), rng.normal(size=7), rng.uniform(0.2, 2.0, 7)
    along = np.linalg.qr((jacobian / band).T)[0]
    scaled = torque / band
    found = tool_force(torque, band, jacobian)
    left = np.linalg.norm(scaled - along @ (along.T @ scaled))
    assert found.left == pytest.approx(left)
    assert found.explained**2 + found.left**2 == pytest.approx(scaled @ scaled)


def test_a_direction_that_no_joint_feels_has_no_force() -> None:
    jacobian = np.array([[1.0, 0.5], [0.0, 0.0], [0.0, 0.0]])
    found = tool_force(np.array([2.0, 1.0]), np.ones(2), jacobian)
    np.testing.assert_allclose(found.force, [2.0, 0.0, 0.0], atol=1e-12)
