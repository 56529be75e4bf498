"""How many examples the properties try; `HYPOTHESIS_PROFILE=thorough` tries many more.

The setting is a decorator and not hypothesis's global profile, so that it holds for the
properties of this folder only.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_THOROUGH_FACTOR = 50


def examples(count: int) -> settings:
    """Settings for a property that tries `count` examples, or many more when asked to.

    There is no deadline: a slow machine is not a fault in the code.
    """
    thorough = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
    return settings(
        max_examples=count * _THOROUGH_FACTOR if thorough else count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
