"""The headers of an upload's requests, as the documentation writes them."""

from __future__ import annotations

import pytest

from storage_stream._protocol.upload_actions import Query, Send


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Send(0, 524288, 2000000), "bytes 0-524287/2000000"),
        (Send(524288, 2000000, 2000000), "bytes 524288-1999999/2000000"),
        (Send(0, 262144, None), "bytes 0-262143/*"),
        (Send(0, 1, 1), "bytes 0-0/1"),
        (Send(0, 0, 0), "bytes */0"),
        (Send(5, 5, None), "bytes */*"),
        (Query(2000000), "bytes */2000000"),
        (Query(0), "bytes */0"),
        (Query(None), "bytes */*"),
    ],
)
def test_content_range(action: Send | Query, expected: str) -> None:
    assert action.content_range() == expected
