# SPDX-License-Identifier: Apache-2.0
"""Executors, signals and the clean end of a node's process.

rclpy's own signal handlers shut the context down before a last message can go out, so they are
switched off and SIGINT and SIGTERM only raise a flag, which the spin loop sees within 0.1 s.
"""

from collections.abc import Callable, Sequence
import os
import signal
import sys
from types import FrameType

from lstm_dynamics_ros.core.errors import LstmDynamicsError
import rclpy
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.timer import Timer
from rclpy.utilities import try_shutdown

EXIT_REFUSED = 2
"""Exit code when the input (a parameter, a model, a bag) was refused."""

POLL_PERIOD = 0.1
"""Longest time [s] until a signal is seen."""


PARENT = 'LSTM_DYNAMICS_ROS_PARENT'
"""Environment variable with the process that a node must not outlive."""


class RunnableNode(Node):
    """A node that :func:`run` can run."""

    executor_name = 'single_threaded'
    """``single_threaded`` or ``events``."""
    exit_code: int | None = None
    """Set by the node when it wants the process to end."""

    def every(self, period: float, callback: Callable[[], None]) -> Timer:
        """Call back once per period [s] of a clock that nobody sets."""
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        return self.create_timer(period, callback, clock=steady)

    def start(self) -> None:
        """Begin work; called once, before spinning."""

    def close(self) -> None:
        """Publish for the last time; called once, while that still works."""


class StopFlag:
    """True once SIGINT or SIGTERM has come, or the process it must not outlive is gone."""

    def __init__(self) -> None:
        self.raised = False
        self._parent = int(os.environ.get(PARENT, '0'))

    def install(self) -> None:
        """Take over SIGINT and SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._raise)

    def _raise(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.raised = True

    def __bool__(self) -> bool:
        return self.raised or bool(self._parent and os.getppid() != self._parent)


def make_executor(name: str) -> Executor:
    """Return the executor asked for; older Jazzy without EventsExecutor gets the other one.

    EventsExecutor needs about half the processor time. In rclpy 7.1.6 its ``spin()`` delivers
    nothing without a timeout, so :func:`run` always uses ``spin_once``.
    """
    if name == 'events':
        try:
            from rclpy.experimental.events_executor import EventsExecutor  # noqa: PLC0415
        except ImportError:
            return SingleThreadedExecutor()
        return EventsExecutor()
    return SingleThreadedExecutor()


def run(make: Callable[[], RunnableNode], args: Sequence[str] | None = None) -> int:
    """Run one node until a signal comes or it asks for the end.

    Args:
        make: Makes the node, after rclpy is initialised.
        args: Command line with the program's name; None for the process's own.

    Returns:
        The exit code: 0 after a signal, :data:`EXIT_REFUSED` if the node could not be made.
    """
    stop = StopFlag()
    stop.install()
    rclpy.init(
        args=None if args is None else list(args), signal_handler_options=SignalHandlerOptions.NO
    )
    try:
        node = make()
    except LstmDynamicsError as error:
        sys.stderr.write(f'{error}\n')
        try_shutdown()
        return EXIT_REFUSED
    try:
        node.start()
        _spin(node, make_executor(node.executor_name), stop)
    except LstmDynamicsError as error:
        node.get_logger().error(str(error))
        node.exit_code = EXIT_REFUSED
    finally:
        node.close()
        node.destroy_node()
        try_shutdown()
    return node.exit_code or 0


def _spin(node: RunnableNode, executor: Executor, stop: StopFlag) -> None:
    executor.add_node(node)
    try:
        while not stop and node.exit_code is None:
            try:
                executor.spin_once(timeout_sec=POLL_PERIOD)
            except ExternalShutdownException:
                return
            except LstmDynamicsError:
                raise
            except Exception as error:  # noqa: BLE001  # e.g. an impossible lifecycle transition
                node.get_logger().error(
                    f'Callback failed: {type(error).__name__}: {error}',
                    throttle_duration_sec=1.0,
                )
    finally:
        executor.remove_node(node)
        executor.shutdown()
