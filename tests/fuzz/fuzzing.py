"""What the fuzz tests share: how many examples, what a hostile document looks like, the invariant.

Whatever a server or a file says becomes a value or a `StorageError`: any other exception is a
fault of ours, and so is a loop without end, which the time limit of the tests catches.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

IS_LONG = settings.get_current_profile_name() == "long"


def fuzz(count: int = 100) -> settings:
    """Settings of a test that tries `count` examples, or as many as the long profile says."""
    return settings(
        max_examples=settings.default.max_examples if IS_LONG and settings.default else count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def value_or_error(call: Callable[[], T]) -> T | StorageError:
    """What it gives, or the error of ours that it raises; its message is one that can be shown."""
    try:
        return call()
    except StorageError as error:
        caught = error
    assert str(caught).isprintable()
    return caught


def anything_of_json(keys: Sequence[str]) -> st.SearchStrategy[Any]:
    """Values of JSON, whose objects have keys that mean something to us, and others."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False)
        | st.text(max_size=20)
        | st.sampled_from(["", "0", "-1", "9" * 30, "AAAAAA==", "2024-01-01T00:00:00Z", "\ud800"])
    )
    names = st.sampled_from(list(keys)) | st.text(max_size=5)
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=len(keys) or 4)
        ),
        max_leaves=12,
    )


@st.composite
def bent(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """One of these documents, with a few bytes changed, added, taken away or said twice."""
    data = bytearray(draw(st.sampled_from(list(samples))))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 8)))
        put = draw(
            st.binary(max_size=8)
            | st.sampled_from([b"\r\n", b"--", b"\0", b"<", b"9" * 25, bytes(data[start:stop]) * 2])
        )
        data[start:stop] = put
    return bytes(data)


def nested(depth: int) -> list[bytes]:
    """JSON that is only depth."""
    return [
        b"[" * depth + b"]" * depth,
        b'{"a":' * depth + b"1" + b"}" * depth,
        b"[" * depth,
        json.dumps({"items": [[]]}).encode() + b" " * depth,
    ]
