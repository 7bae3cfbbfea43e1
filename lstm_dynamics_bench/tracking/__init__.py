# SPDX-License-Identifier: Apache-2.0
"""Tracking of an embedded robot in lockstep: scenarios x controllers x seeds.

One run, from a terminal or a script::

    robot = load_robot('arm')
    case = make_case(robot, SCENARIOS['clean'], seed=0)
    config = DisturbanceObserverConfig(bandwidth=20.0)
    done = run_case(case, ControllerCorrector(case, config.build(context_of(case))))
    score(done).rms_mrad

A model goes in as ``PipelineCorrector(case, pipeline)``; without a corrector the robot is on its
own. Seeds 0 to 4 are for tuning, 10000 to 10009 for the published table only.
"""
