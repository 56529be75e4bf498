"""Where several workers run the tests, those that take long begin first, spread over the workers.

A test of half a minute that begins last leaves all cores but one idle for so long. Workers get
equal shares of what was collected, one after the other, and steal from the ends of others.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

LONG = (
    "integrations/dask/test_dask_kills.py",
    "images/test_images_routes_schema.py",
    "test_deletion_memory.py",
    "test_upload_memory.py",
    "images/test_images_crashes.py",
    "outputs/test_outputs_openapi.py",
    "api/test_api_many_processes.py",
    "images/test_images_serving.py",
    "browser/test_browser_gallery.py",
    "media/test_media_process.py",
    "test_examples.py",
    "testing/test_testing_plugin.py",
    "benchmarks/test_benchmark_servers.py",
    "soak/test_soak_running.py",
)
"""Files below this folder, the longest first."""


def rank(path: str) -> int:
    """The place of a test's file among the long ones; behind all of them, where it is none."""
    places = (place for place, name in enumerate(LONG) if path.endswith(f"tests/{name}"))
    return next(places, len(LONG))


def dealt(items: list[Item], long: list[Item], workers: int) -> list[Item]:
    """The same items, so that the share of each worker begins with its part of the long ones.

    Args:
        items: All others, in order.
        long: Those that are to begin first, in order.
        workers: How many get a share; shares are as even as those of `--dist worksteal`.
    """
    result: list[Item] = []
    rest = iter(items)
    count = len(items) + len(long)
    for worker in range(workers):
        size = (count - len(result)) // (workers - worker)
        mine = long[worker::workers]
        result += mine
        result += islice(rest, max(0, size - len(mine)))
    return [*result, *rest]
