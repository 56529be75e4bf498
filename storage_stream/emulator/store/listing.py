"""Listing objects: one page at a time, cheap however many objects there are.

Names that share a prefix up to the delimiter are skipped with one seek each, so a "folder" of a
million objects costs as much as one of ten. The work is cut into short statements with the event
loop's turn between them; each page starts at a key, so nothing is held open between pages.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

import asyncio
import base64
import binascii
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from storage_stream.emulator.integers import parse_integer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.object_rows import COLUMNS, record
from storage_stream.emulator.store.records import ObjectRecord, ObjectState

MAX_RESULTS = 1000
"""More than this is never in one page, whatever is asked for."""

SCAN_ROWS = 200
"""Rows a statement reads before the event loop has its turn: about a millisecond."""

Key = tuple[bytes, int, bool]
"""Where a scan stands: names from here on, of the same name generations from here on, and whether
the prefix that this name belongs to has been given."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What to list; names are UTF-8 bytes, because that is how they sort.

    Attributes:
        now_us: what is soft-deleted counts until its time is over.
    """

    bucket: str
    prefix: bytes = b""
    delimiter: bytes = b""
    start_offset: bytes = b""
    end_offset: bytes | None = None
    include_trailing_delimiter: bool = False
    versions: bool = False
    soft_deleted: bool = False
    now_us: int = 0
    glob: re.Pattern[str] | None = None
    max_results: int = MAX_RESULTS
    page_token: str | None = None


@dataclass(slots=True)
class ListPage:
    """One page. Objects and prefixes together are at most `max_results`."""

    items: list[ObjectRecord] = field(default_factory=list[ObjectRecord])
    prefixes: list[str] = field(default_factory=list[str])
    next_page_token: str | None = None

    def __len__(self) -> int:
        return len(self.items) + len(self.prefixes)


async def list_objects(connection: sqlite3.Connection, request: ListRequest) -> ListPage:
    """Return the page that `request` asks for.

    Raises:
        ApiError: 400, the page token is not one of ours.
    """
    scan = _Scan(connection, request)
    page = ListPage()
    limit = min(request.max_results, MAX_RESULTS)
    while not scan.finished:
        for entry, key in scan.next_slice():
            if len(page) >= limit:
                page.next_page_token = _encode_token(key)
                return page
            if isinstance(entry, bytes):
                page.prefixes.append(entry.decode())
            else:
                page.items.append(entry)
        await asyncio.sleep(0)
    return page


class _Scan:
    """Walks the names in order and gives objects and prefixes, each with the key it is found at."""

    def __init__(self, connection: sqlite3.Connection, request: ListRequest) -> None:
        self._connection = connection
        self._request = request
        self._key = self._first_key()
        # With the key "prefix given", the name is itself the prefix: see _entries_of.
        self._given_prefix = self._key[0] if self._key[2] else None
        self._end = _earlier(request.end_offset, _after_prefix(request.prefix))
        self._statement = self._make_statement()
        self.finished = False

    def next_slice(self) -> Iterator[tuple[ObjectRecord | bytes, Key]]:
        """Give what the next statement finds, and move on."""
        count = 0
        for row in self._rows():
            count += 1
            name = row[1]
            self._key = (name, row[2] + 1, False)
            common = self._common_prefix(name)
            yield from self._entries_of(row, common)
            if common is not None and not self._is_trailing(name, common):
                self._skip(common)
                return
        self.finished = count < SCAN_ROWS

    def _entries_of(
        self, row: tuple[Any, ...], common: bytes | None
    ) -> Iterator[tuple[ObjectRecord | bytes, Key]]:
        name, generation = row[1], row[2]
        if common is not None:
            if common != self._given_prefix and self._matches(common):
                yield common, (name, generation, False)
            self._given_prefix = common
            if not self._is_trailing(name, common):
                return
        if self._matches(name):
            yield record(row), (name, generation, common is not None)

    def _skip(self, common: bytes) -> None:
        after = _after_prefix(common)
        self.finished = after is None
        self._key = (after or b"", 0, False)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        name, generation, _ = self._key
        values: list[object] = [self._request.bucket, name, generation]
        if self._end is not None:
            values.append(self._end)
        return self._connection.execute(self._statement, values)

    def _make_statement(self) -> str:
        where = "bucket = ? AND (name, generation) >= (?, ?)"
        if self._end is not None:
            where += " AND name < ?"
        return (
            f"SELECT {COLUMNS} FROM objects WHERE {where} AND {self._states()}"  # noqa: S608 - constant parts
            f" ORDER BY name, generation LIMIT {SCAN_ROWS}"
        )

    def _is_trailing(self, name: bytes, common: bytes) -> bool:
        return self._request.include_trailing_delimiter and name == common

    def _first_key(self) -> Key:
        start = max(self._request.prefix, self._request.start_offset)
        token = self._request.page_token
        first = (start, 0, False)
        return first if token is None else max(first, _decode_token(token))

    def _common_prefix(self, name: bytes) -> bytes | None:
        if not self._request.delimiter:
            return None
        at = name.find(self._request.delimiter, len(self._request.prefix))
        return None if at < 0 else name[: at + len(self._request.delimiter)]

    def _matches(self, name: bytes) -> bool:
        glob = self._request.glob
        return glob is None or glob.fullmatch(name.decode()) is not None

    def _states(self) -> str:
        if self._request.soft_deleted:
            now_us = self._request.now_us
            return f"state = {ObjectState.SOFT_DELETED:d} AND hard_delete_us > {now_us:d}"
        if self._request.versions:
            return f"state <> {ObjectState.SOFT_DELETED:d}"
        return f"state = {ObjectState.LIVE:d}"


def _after_prefix(prefix: bytes) -> bytes | None:
    """Return the first name after all that start with `prefix`; `None` when none can be."""
    stem = prefix.rstrip(b"\xff")
    return None if not stem else stem[:-1] + bytes([stem[-1] + 1])


def _earlier(first: bytes | None, second: bytes | None) -> bytes | None:
    bounds = [bound for bound in (first, second) if bound is not None]
    return min(bounds, default=None)


def _encode_token(key: Key) -> str:
    content = json.dumps([key[0].hex(), *key[1:]]).encode()
    return base64.urlsafe_b64encode(content).decode("ascii")


def _decode_token(token: str) -> Key:
    try:
        name, generation, given = json.loads(base64.urlsafe_b64decode(token))
        number = parse_integer("pageToken", str(generation)) or 0
        return bytes.fromhex(name), number, bool(given)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        message = f"Invalid pageToken: '{token}'"
        raise ApiError(400, "invalidParameter", message, location="pageToken") from error
