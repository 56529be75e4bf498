"""Compose, copy, rewrite and move over the JSON API.

https://cloud.google.com/storage/docs/json_api/v1/objects
"""

from dataclasses import replace
from typing import Any

from aiohttp import web

from storage_stream.emulator.integers import is_number
from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.copies import (
    Source,
    Target,
    compose,
    copy_object,
    find_source,
    move_object,
)
from storage_stream.emulator.store.encryption import key_of, source_key_of
from storage_stream.emulator.store.names import check_object_name
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import Json, ObjectRecord
from storage_stream.emulator.store.rewrites import RewriteProgress, rewrite
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.object_metadata import settable_metadata
from storage_stream.emulator.wire.query import CONDITIONS, SOURCE_CONDITIONS, Query, read_query
from storage_stream.emulator.wire.request_reading import (
    conditions,
    object_names,
    path_names,
    read_json,
    require_payer,
    resources,
    source_conditions,
)

MEBIBYTE = 1024 * 1024

_COPY_QUERY = (
    *CONDITIONS,
    *SOURCE_CONDITIONS,
    "destinationKmsKeyName",
    "destinationPredefinedAcl",
    "projection",
    "sourceGeneration",
)
_REWRITE_QUERY = (*_COPY_QUERY, "maxBytesRewrittenPerCall", "rewriteToken")
_MOVE_QUERY = (*CONDITIONS, *SOURCE_CONDITIONS, "projection")
_COMPOSE_QUERY = (
    "destinationPredefinedAcl",
    "ifGenerationMatch",
    "ifMetagenerationMatch",
    "kmsKeyName",
    "projection",
)


class CopyHandlers:
    """The handlers of `…/compose`, `…/copyTo/…`, `…/rewriteTo/…` and `…/moveTo/…`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def compose(self, request: web.Request) -> web.StreamResponse:
        """`objects.compose`."""
        query = read_query(request, _COMPOSE_QUERY)
        bucket_name, name = object_names(request)
        bucket = await self._store.bucket(bucket_name)
        require_payer(request, query, bucket)
        said = await read_json(request)
        key_sha256 = key_of(request.headers)  # one key for the parts and the whole
        sources = _sources(bucket_name, said.get("sourceObjects"), key_sha256)
        destination = _part(said, "destination")
        metadata = settable_metadata({**destination, **query.subset(("kmsKeyName",))})
        target = Target(bucket_name, name, conditions(query), metadata, key_sha256)
        item = await compose(self._store, bucket, sources, target)
        return self._answer(request, query, item)

    async def copy(self, request: web.Request) -> web.StreamResponse:
        """`objects.copy`."""
        query = read_query(request, _COPY_QUERY)
        source, target = await self._source_and_target(request, query)
        if source.key_sha256 is None:  # then one key is for both
            source = replace(source, key_sha256=target.key_sha256)

        def work(change: Change) -> ObjectRecord:
            return copy_object(change, find_source(change, source), target)

        return self._answer(request, query, await self._store.change(work))

    async def rewrite(self, request: web.Request) -> web.StreamResponse:
        """`objects.rewrite`: one call's part of it."""
        query = read_query(request, _REWRITE_QUERY)
        source, target = await self._source_and_target(request, query)
        limit = query.integer("maxBytesRewrittenPerCall", at_least=1)
        if limit is None:
            limit = self._settings.rewrite_bytes_per_call
        elif limit % MEBIBYTE:
            message = "maxBytesRewrittenPerCall must be a multiple of 1 MiB (1048576)."
            raise ApiError(400, "invalid", message, location="maxBytesRewrittenPerCall")
        progress = await self._store.change(
            lambda change: rewrite(change, source, target, limit, query.text("rewriteToken"))
        )
        return json_answer(query, self._progress(request, query, progress))

    async def move(self, request: web.Request) -> web.StreamResponse:
        """`objects.move`: within one bucket, at once."""
        query = read_query(request, _MOVE_QUERY)
        bucket_name, name, new_name = path_names(request)
        bucket = await self._store.bucket(bucket_name)
        require_payer(request, query, bucket)
        key_sha256 = key_of(request.headers)
        source = Source(bucket_name, name, None, source_conditions(query), key_sha256)
        target = Target(bucket_name, check_object_name(new_name), conditions(query))
        item = await self._store.change(lambda change: move_object(change, source, target))
        return self._answer(request, query, item)

    async def _source_and_target(self, request: web.Request, query: Query) -> tuple[Source, Target]:
        source_bucket, source_name, target_bucket, target_name = path_names(request)
        for name in (source_bucket, target_bucket):
            require_payer(request, query, await self._store.bucket(name))
        metadata = settable_metadata(await read_json(request))
        key = settable_metadata({"kmsKeyName": query.text("destinationKmsKeyName")})
        generation = query.integer("sourceGeneration")
        source_key = source_key_of(request.headers)
        return (
            Source(source_bucket, source_name, generation, source_conditions(query), source_key),
            Target(
                target_bucket,
                check_object_name(target_name),
                conditions(query),
                metadata or None,
                key_of(request.headers),
                key.get("kmsKeyName"),
            ),
        )

    def _progress(self, request: web.Request, query: Query, progress: RewriteProgress) -> Json:
        content: Json = {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": str(progress.rewritten_bytes),
            "objectSize": str(progress.object_size),
            "done": progress.item is not None,
        }
        if progress.token is not None:
            content["rewriteToken"] = progress.token
        if progress.item is not None:
            make = resources(request, query, self._settings)
            content["resource"] = make.object(progress.item)
        return content

    def _answer(self, request: web.Request, query: Query, item: ObjectRecord) -> web.Response:
        resource = resources(request, query, self._settings).object(item)
        return json_answer(query, resource, etag=resource["etag"])


def _sources(bucket: str, said: Any, key_sha256: str | None) -> list[Source]:
    if not isinstance(said, list) or not said:
        raise ApiError(400, "required", "Required parameter: sourceObjects")
    return [_source(bucket, source, key_sha256) for source in said]  # pyright: ignore[reportUnknownVariableType] - JSON


def _source(bucket: str, said: Any, key_sha256: str | None) -> Source:
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):  # pyright: ignore[reportUnknownMemberType] - JSON
        raise ApiError(400, "required", "Required parameter: sourceObjects[].name")
    source: Json = said  # pyright: ignore[reportUnknownVariableType] - JSON
    generation = source.get("generation")
    wanted = _part(source, "objectPreconditions")
    return Source(
        bucket,
        check_object_name(source["name"]),
        None if generation is None else _number("generation", generation),
        Preconditions.parse({name: str(value) for name, value in wanted.items()}),
        key_sha256,
    )


def _number(name: str, said: Any) -> int:
    # JSON carries 64-bit numbers as strings, and some clients send small ones as numbers.
    text = str(said)
    if not is_number(text):
        raise ApiError(400, "invalid", f"Invalid value for field '{name}'.", location=name)
    return int(text)


def _part(said: Json, name: str) -> Json:
    part: Any = said.get(name) or {}
    if not isinstance(part, dict):
        raise ApiError(400, "invalid", f"Invalid value for field '{name}'.", location=name)
    return part  # pyright: ignore[reportUnknownVariableType] - JSON
