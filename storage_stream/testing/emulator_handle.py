"""What a test holds of the emulator: its address, its log, its faults, and hands for its data.

The helpers speak HTTP to the emulator, but stay out of its log and its faults, so that a test
counts only what its client does. This module refuses to know of pytest and of the storage client.
"""

import json
import math
import os
import secrets
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from storage_stream.emulator import RequestLog
from storage_stream.testing.emulator_thread import EmulatorThread
from storage_stream.testing.request_checks import check_nothing_left, check_requests

Resource = dict[str, Any]


class EmulatorHandle:
    """The `gcs` fixture. Every method blocks, for milliseconds; none needs an event loop."""

    def __init__(self, thread: EmulatorThread) -> None:
        self._thread = thread
        self._emulator = thread.emulator

    @property
    def url(self) -> str:
        """What STORAGE_EMULATOR_HOST is set to, such as `http://127.0.0.1:40001`."""
        return self._emulator.url

    @property
    def log(self) -> RequestLog:
        """The requests of this test, oldest first."""
        return self._emulator.log

    @property
    def open_connections(self) -> int:
        """Connections of clients that are open now."""

        async def count() -> int:
            return self._emulator.open_connections

        return self._thread.run(count())

    @property
    def unfinished_sessions(self) -> int:
        """Resumable sessions that were started and neither finished nor deleted."""

        async def count() -> int:
            return self._emulator.unfinished_sessions

        return self._thread.run(count())

    def arm(self, instructions: Mapping[str, Sequence[str]]) -> str:
        """Make a retry test; see `Emulator.arm`."""

        async def arm() -> str:
            return self._emulator.arm(instructions)

        return self._thread.run(arm())

    def arm_next(self, operation: str, *words: str) -> None:
        """Let the next requests of `operation` meet `words`; see `Emulator.arm_next`."""

        async def arm() -> None:
            self._emulator.arm_next(operation, *words)

        self._thread.run(arm())

    def expire_tokens(self) -> None:
        """Let every token given so far count no more."""

        async def expire() -> None:
            self._emulator.expire_tokens()

        self._thread.run(expire())

    # -- faults by their names; each meets the next request that it concerns --------------------

    def fail_next(self, operation: str, status: int = 503, *, times: int = 1) -> None:
        """Answer the next requests with an error, and do nothing.

        Args:
            operation: such as `storage.objects.get`, by its name in the JSON API.
            status: 300 to 599.
            times: how many requests.
        """
        self.arm_next(operation, *[f"return-{status}"] * times)

    def cut_next(self, operation: str, *after_bytes: int) -> None:
        """End the connection behind these bytes of the object, in either direction.

        Args:
            operation: such as `storage.objects.get`.
            after_bytes: a position for each request that is cut.
        """
        self.arm_next(operation, *(f"drop-at-{position}" for position in after_bytes))

    def stall_next(self, operation: str, seconds: float, *, after_kib: int = 0) -> None:
        """Let the next body pause; at 0 KiB the headers wait, too.

        It ends sooner when `advance_clock` lets so many seconds pass, counted from when it began
        (the request shows it in `log`), or when the client leaves.

        Args:
            operation: such as `storage.objects.get`.
            seconds: how long, 0 or more, to the microsecond.
            after_kib: behind so many KiB of the body, in either direction.

        Raises:
            ValueError: It would be shorter than nothing, or have no end.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a stall lasts for 0 seconds or more, not for {seconds}")
        # Not as `g` has it: 1000000 seconds are 1e+06 there.
        word = f"{seconds:.6f}".rstrip("0").rstrip(".")
        self.arm_next(operation, f"stall-for-{word}s-after-{after_kib}K")

    def lose_next_answer(self, operation: str) -> None:
        """Do what is asked, and end the connection without an answer."""
        self.arm_next(operation, "commit-then-drop")

    def corrupt_next(self, operation: str, position: int = 0) -> None:
        """Change one bit of the object's byte at `position` on its way."""
        self.arm_next(operation, f"flip-bit-at-{position}")

    def refuse_next_token(self, operation: str) -> None:
        """Answer 401 once, as for a token that expired early."""
        self.arm_next(operation, "401-once")

    def advance_clock(self, seconds: float) -> None:
        """Put the emulator's clock forward: sessions, signatures, retention and tokens expire.

        Stalls that began, of no more seconds, end.
        """

        async def advance() -> None:
            self._emulator.clock.advance(seconds)

        self._thread.run(advance())

    # -- what the code under test asked for ------------------------------------------------------

    def assert_requests(self, **counts: int) -> None:
        """The log has exactly these requests since the test began, or since `log.clear()`.

            gcs.assert_requests(objects_get=2, objects_insert=1)

        Args:
            counts: how often each operation was asked for, faults included; `objects_get` is
                `storage.objects.get`, and what is not named was not asked for.

        Raises:
            AssertionError: with the whole log.
        """
        __tracebackhide__ = True  # pytest shows the test's line, not this one
        check_requests(self.log, counts)

    def assert_nothing_left(self, *, within_seconds: float = 60.0) -> None:
        """The code under test closed its connections and ended its resumable sessions.

        Args:
            within_seconds: how long the emulator may take to see the end of a connection.

        Raises:
            AssertionError: saying what is left.
        """
        __tracebackhide__ = True
        check_nothing_left(self, within_seconds)

    # -- its data --------------------------------------------------------------------------------

    def seed(self, folder: str | os.PathLike[str]) -> None:
        """Fill buckets from a folder of the shape FOLDER/BUCKET/OBJECT; see `Emulator.seed`.

        Raises:
            SeedError: what is in the folder cannot be stored.
        """
        self._thread.run(self._emulator.seed(folder))

    def delete(self, bucket: str, name: str, **query: str) -> None:
        """Delete an object, as if somebody else had.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        self._ask("DELETE", f"{_object_path(bucket, name)}?{urlencode(query)}")

    def create_bucket(self, name: str, **resource: Any) -> Resource:
        """Make a bucket and return its resource.

        Args:
            name: of the bucket.
            resource: further fields, such as `versioning={"enabled": True}`.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        content = json.dumps({"name": name, **resource}).encode()
        return self._json("POST", "/storage/v1/b?project=test", content, "application/json")

    def put(self, bucket: str, name: str, data: bytes, **metadata: Any) -> Resource:
        """Store an object and return its resource.

        Args:
            bucket: made if it is not there.
            name: of the object.
            data: its bytes.
            metadata: fields of the resource, such as `contentType="text/plain"`.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        boundary = secrets.token_hex(16)
        document = json.dumps({"name": name, **metadata}).encode()
        media_type = metadata.get("contentType", "application/octet-stream")
        body = _related(boundary, document, media_type, data)
        path = f"/upload/storage/v1/b/{quote(bucket, safe='')}/o?uploadType=multipart"
        return self._json("POST", path, body, f'multipart/related; boundary="{boundary}"')

    def read(self, bucket: str, name: str, **query: str) -> bytes:
        """The stored bytes of an object, never decompressed.

        Args:
            bucket: its bucket.
            name: its name.
            query: further parameters, such as `generation="…"`.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        asked = urlencode({"alt": "media", **query})
        return self._ask("GET", f"{_object_path(bucket, name)}?{asked}")

    def metadata(self, bucket: str, name: str) -> Resource:
        """The resource of an object.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        return self._json("GET", f"{_object_path(bucket, name)}?projection=full")

    def objects(self, bucket: str, **query: str) -> list[Resource]:
        """The resources of all objects of a bucket, by name.

        Args:
            bucket: which.
            query: further parameters, such as `prefix="a/"` or `versions="true"`.

        Raises:
            AssertionError: the emulator refused; the message is its answer.
        """
        path = f"/storage/v1/b/{quote(bucket, safe='')}/o"
        found: list[Resource] = []
        token = ""
        while True:
            asked = urlencode(query | ({"pageToken": token} if token else {}))
            page = self._json("GET", f"{path}?{asked}")
            found.extend(page.get("items", []))
            token = page.get("nextPageToken", "")
            if not token:
                return found

    def _json(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> Resource:
        answer: Resource = json.loads(self._ask(method, path, body, content_type))
        return answer

    def _ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> bytes:
        headers = {"Connection": "close", "Accept-Encoding": "gzip"}
        headers |= self._emulator.housekeeping
        if content_type is not None:
            headers["Content-Type"] = content_type
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port)
        try:
            connection.request(method, path, body, headers)
            with connection.getresponse() as answer:
                content = answer.read()
                if answer.status >= 300:  # noqa: PLR2004 - the successes
                    told = content.decode(errors="replace")
                    raise AssertionError(f"{method} {path} was answered {answer.status}: {told}")
                return content
        finally:
            connection.close()


def _object_path(bucket: str, name: str) -> str:
    return f"/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def _related(boundary: str, document: bytes, media_type: str, data: bytes) -> bytes:
    # RFC 2387: the metadata first, the media second.
    return b"".join(
        [
            f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".encode(),
            document,
            f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode(),
            data,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )
