"""Parts as objects of their own, composed to one: where multipart uploads are not to be had.

https://cloud.google.com/storage/docs/parallel-composite-uploads. The components, and the levels
that more than 32 of them need, are temporary objects under one prefix that nobody else uses.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from storage_stream._protocol.compose import MAX_SOURCES, ComposeSource, groups_of
from storage_stream._protocol.http import parse_number
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.objects import insert_multipart, list_page
from storage_stream._shielding import end
from storage_stream._transfer.compose import Composition, compose
from storage_stream._transfer.deletion import delete_listed
from storage_stream._transfer.listing import iter_items, iter_pages
from storage_stream._transfer.outgoing import FramedContent
from storage_stream._transfer.parallel_input import compose_options
from storage_stream._transfer.parts_target import KeptPart, created_of, key_headers_only
from storage_stream._transfer.workers import run_workers
from storage_stream.errors import InvalidArgument, ProtocolError, TransportError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.part_plan import Part
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.part_source import Digest, PartContent
    from storage_stream._transport.sender import Sender

__all__ = ["CompositeUpload"]

_HANDLE = re.compile(r"\.storage-stream/upload/[0-9a-f]{32}/")
_TYPE = "application/octet-stream"
_FIELDS = "nextPageToken,items(name,generation,size,crc32c,timeCreated)"
_KEPT_PARAMETERS = frozenset({"userProject", "kmsKeyName"})
_CONCURRENCY = 8  # compositions under way; each is one small request
_GRACE_SECONDS = 5.0  # for the answer to what the service may have whole


class CompositeUpload:
    """See `PartsTarget`.

    Args:
        grace: Seconds for the answer to what the service may have whole, when it is cancelled.

    Raises:
        InvalidArgument: A handle that this did not make, or what no composition takes.
    """

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        options: RequestOptions,
        handle: str | None = None,
        started: datetime | None = None,
        *,
        grace: float = _GRACE_SECONDS,
    ) -> None:
        self._sender = sender
        self._grace = grace
        self._target = target
        self._options = compose_options(options)
        keys = key_headers_only(options)
        kept = tuple(pair for pair in options.params if pair[0] in _KEPT_PARAMETERS)
        # Nobody else knows these names, so that making one twice does no harm.
        retry = replace(options.retry, always=True)
        self._own_options = replace(keys, params=kept, retry=retry)
        self._sources: dict[int, ComposeSource] = {}
        if handle is not None and not _HANDLE.fullmatch(handle):
            raise InvalidArgument("the journal names no prefix of ours: all below it would go")
        self.handle = handle
        self.started = started
        self.is_made = False
        self.is_named = False
        self.is_unsettled = False

    @property
    def leftovers(self) -> str:
        """See `PartsTarget.leftovers`."""
        return f"objects whose names begin with gs://{self._target.bucket}/{self.handle}"

    async def begin(self) -> None:
        """See `PartsTarget.begin`; no request."""
        self.handle = f".storage-stream/upload/{secrets.token_hex(16)}/"

    async def kept(self) -> dict[int, KeptPart]:
        """See `PartsTarget.kept`."""
        prefix = f"{self.handle}part/"
        query = (("prefix", prefix), ("fields", _FIELDS))
        pages = iter_pages(
            self._sender,
            lambda token: list_page(self._target.bucket, query, token),
            self._own_options.only_connection(),
        )
        found: dict[int, KeptPart] = {}
        async with aclosing(iter_items(pages)) as items:
            async for item in items:
                number = parse_number(str(item.get("name")).removeprefix(prefix))
                if number is None:
                    continue
                self._saw(item)
                reference = str(_generation(item))
                size = parse_number(str(item.get("size")))
                if size is not None:
                    found[number] = KeptPart(size, None, item.get("crc32c"), reference)
        return found

    def keep(self, part: Part, kept: KeptPart) -> None:
        """See `PartsTarget.keep`."""
        self._sources[part.number] = ComposeSource(self._name_of(part), int(kept.reference))

    async def send(self, part: Part, content: PartContent, digest: Digest) -> None:
        """See `PartsTarget.send`.

        A component that the service may have whole could come to be after the others were
        removed: when this is cancelled, it waits a little for the answer, and remembers when
        none came.
        """
        operation = _insertion(self._target.bucket, self._name_of(part), content, digest)
        task = asyncio.create_task(self._sender.send(operation, self._own_options))
        try:
            resource = await asyncio.shield(task)
        except asyncio.CancelledError:
            await end(task, self._grace if content.handed_over else 0)
            self._settle(task, may_be_made=content.may_have_arrived)
            raise
        except TransportError:
            self._settle(task, may_be_made=content.may_have_arrived)
            raise
        self._saw(resource)
        self._sources[part.number] = ComposeSource(self._name_of(part), _generation(resource))

    async def join(self) -> ObjectResource:
        """See `PartsTarget.join`: in levels, where there are more than 32."""
        sources: Sequence[ComposeSource] = [self._sources[n] for n in sorted(self._sources)]
        level = 0
        while len(sources) > MAX_SOURCES:
            level += 1
            sources = await self._level(f"{self.handle}level/{level}/", sources)
        metadata = {**self._target.metadata, "contentType": self._target.resolved_type()}
        composition = Composition(self._target.bucket, self._target.name, sources, metadata)
        resource = await compose(self._sender, composition, self._options)
        self.is_made = self.is_named = True
        return resource

    async def remove(self) -> int:
        """See `PartsTarget.remove`: every generation, repeats that nobody knows included."""
        if self.handle is None:
            return 0
        options = self._own_options.only_connection()
        removal = delete_listed(
            self._sender, self._target.bucket, self.handle, options, versions=True
        )
        await removal
        for result in removal.failures:
            if result.error is not None:
                raise result.error
        return removal.deleted

    async def _level(
        self, prefix: str, sources: Sequence[ComposeSource]
    ) -> Sequence[ComposeSource]:
        groups = groups_of(sources)
        made: dict[int, ComposeSource] = {}

        async def join_group(at: int) -> None:
            if len(groups[at]) == 1:
                made[at] = groups[at][0]
                return
            name = f"{prefix}{at}"
            composition = Composition(self._target.bucket, name, groups[at], {})
            task = asyncio.create_task(compose(self._sender, composition, self._own_options))
            try:
                resource = await asyncio.shield(task)
            except asyncio.CancelledError:
                await end(task, self._grace)
                self._settle(task, may_be_made=True)
                raise
            except TransportError:
                self._settle(task, may_be_made=True)
                raise
            self._saw(resource)
            made[at] = ComposeSource(name, _generation(resource))

        await run_workers(range(len(groups)), join_group, _CONCURRENCY)
        return [made[at] for at in range(len(groups))]

    def _settle(self, task: asyncio.Task[ObjectResource], *, may_be_made: bool) -> None:
        """Take note of a request that ended without an answer."""
        if may_be_made and (task.cancelled() or isinstance(task.exception(), TransportError)):
            self.is_unsettled = True

    def _name_of(self, part: Part) -> str:
        return f"{self.handle}part/{part.number}"

    def _saw(self, resource: ObjectResource) -> None:
        """What is made of the components is younger than every one of them."""
        created = created_of(resource)
        if created is not None and (self.started is None or created > self.started):
            self.started = created


def _insertion(
    bucket: str, name: str, content: PartContent, digest: Digest
) -> Operation[ObjectResource]:
    resource = {"name": name, "crc32c": digest.crc.encoded, "contentType": _TYPE}
    frame = MultipartFrame.around(resource, _TYPE, secrets.token_hex(16))
    return insert_multipart(bucket, name, FramedContent(frame, content), frame.content_type)


def _generation(resource: ObjectResource) -> int:
    try:
        return int(resource.get("generation", ""))
    except (TypeError, ValueError):
        raise ProtocolError("a component has no generation") from None
