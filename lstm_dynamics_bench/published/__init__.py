# SPDX-License-Identifier: Apache-2.0
"""The benchmark on published recordings of real robots: `lstm-dynamics benchmark real`.

Every set is one file in ``sets/``. The baselines' figures are reproduced first; models are trained
and kept outside of the repository; the test splits are looked at when all is done.
"""
