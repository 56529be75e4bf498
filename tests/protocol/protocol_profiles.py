"""How many examples the properties try; `HYPOTHESIS_PROFILE=thorough` tries many more.

The setting is a decorator and not hypothesis's global profile, so that it holds for the
properties of this folder only.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

_THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
_THOROUGH_FACTOR = 50

# For `pytestmark`: a thorough run is longer than the time limit that catches tests which hang.
patience = pytest.mark.timeout(0) if _THOROUGH else pytest.mark.timeout(600)


def examples(count: int) -> settings:
    """Settings for a property that tries `count` examples, or many more when asked to.

    There is no deadline: a slow machine is not a fault in the code.
    """
    return settings(
        max_examples=count * _THOROUGH_FACTOR if _THOROUGH else count,
        deadline=None,
        derandomize=not _THOROUGH,
        suppress_health_check=[HealthCheck.too_slow],
    )
