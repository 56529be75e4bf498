"""Deleting a hundred thousand objects: few requests, and memory that does not grow with them."""

import json
import urllib.request

from memory_measuring import MIB, measured, needs_linux, serving

COUNT = 100_000


@needs_linux
def test_deleting_what_a_prefix_names() -> None:
    with serving("endless_bucket.py") as port:
        told = measured("deletion_memory_client.py", port, COUNT)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/told", timeout=60) as answer:
            requests = json.load(answer)
    assert told.amount == COUNT
    assert requests == {"list": 100, "batch": 1000, "deleted": COUNT}
    assert told.growth < 16 * MIB
