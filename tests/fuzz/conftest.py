"""`--hypothesis-profile=long`: hours of examples in place of a second's."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "long",
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "200000")),
    deadline=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
