# SPDX-License-Identifier: Apache-2.0
"""Node that streams a harmless correction through a real sink, in place of an armed node.

For trying out what is behind it (a ``command_watchdog``, a robot) without a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
import sys
import time

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import ExecutorSettings
from lstm_dynamics_ros.ros.nodes.settings import SinkSettings
from lstm_dynamics_ros.ros.nodes.sinks import EffortArraySink
from lstm_dynamics_ros.ros.nodes.spin import run, RunnableNode
from lstm_dynamics_ros.ros.topics.declare import Parameters
import numpy as np
from rclpy.clock import Clock
from rclpy.clock_type import ClockType


@dataclass(frozen=True, kw_only=True)
class TestSourceSettings(SinkSettings, ExecutorSettings):
    """Settings of the streamed correction."""

    joints: tuple[str, ...] = parameter((), 'Joints, in the order of amplitude.')
    amplitude: tuple[float, ...] = parameter((), 'Largest effort per joint.', unit='N m')
    frequency: float = parameter(0.5, 'Frequency of the correction.', unit='Hz', minimum=0.0)
    rate: float = parameter(200.0, 'Commands per second.', unit='Hz', minimum=1.0)


class TestSource(RunnableNode):
    """Streams a cosine as soon as the sink does not refuse it."""

    def __init__(self) -> None:
        super().__init__('test_source')
        settings = self._settings = Parameters(self, TestSourceSettings()).settings
        self.executor_name = settings.executor
        self._sink = EffortArraySink(self, settings, settings.joints)
        self._amplitude = np.array(settings.amplitude)
        self._began: float | None = None
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / settings.rate, self._send, clock=steady)
        self.create_timer(0.2, self._try_to_begin, clock=steady)

    def _try_to_begin(self) -> None:
        if self._began is not None:
            return
        self._sink.look()
        refusals = self._sink.refusals()
        if refusals:
            self.get_logger().info(' '.join(refusals), throttle_duration_sec=1.0)
            return
        self._sink.begin()
        self._began = time.monotonic()

    def _send(self) -> None:
        if self._began is None:
            return
        phase = 2 * math.pi * self._settings.frequency * (time.monotonic() - self._began)
        self._sink.send(self._amplitude * math.cos(phase), None, 0)


def main(args: Sequence[str] | None = None) -> int:
    """Run the node, and return the exit code."""
    return run(TestSource, args)


if __name__ == '__main__':
    sys.exit(main())
