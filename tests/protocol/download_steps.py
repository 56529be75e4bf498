"""Steps that the examples of the resumable download take, and answers they share."""

from __future__ import annotations

from storage_stream._protocol.download_actions import Fetch, Receive, Wait
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream.errors import (
    ConnectionLost,
)

LOST = ConnectionLost("the connection broke")


def machine(start: int = 0, stop: int | None = None, **options: object) -> ResumableDownload:
    return ResumableDownload(ByteRange(start, stop), **options)  # type: ignore[arg-type] # keywords as given


def fetch_of(download: ResumableDownload) -> Fetch:
    action = download.next_action()
    assert isinstance(action, Fetch)
    return action


def broken_after(download: ResumableDownload, answer: ReplyHead, data: bytes) -> Fetch:
    """One attempt that gives these bytes and then breaks; the request that follows."""
    download.receive_head(answer)
    assert bytes(download.receive_data(data)) == data
    download.fail(LOST, 0.5)
    assert isinstance(download.next_action(), Wait)
    download.waited()
    return fetch_of(download)


def finish(download: ResumableDownload, data: bytes, framing: Framing = Framing.LENGTH) -> bytes:
    assert isinstance(download.next_action(), Receive)
    taken = bytes(download.receive_data(data))
    download.receive_end(framing)
    return taken


GZIP: dict[str, str | None] = {"x_goog_stored_content_encoding": "gzip", "content_encoding": "gzip"}
TRANSCODED: dict[str, str | None] = {
    "x_goog_stored_content_encoding": "gzip",
    "content_length": None,
}
