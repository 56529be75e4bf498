"""`storage.objects.rewrite`: a copy that the service makes, in as many calls as it needs.

https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite. Each call but the last gives a
token for the next; a copy of one size, place and storage class is done in the first. The state
between two calls can be kept as JSON, so that another process can go on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from storage_stream._protocol.buckets import JSON_HEADERS
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.http import Headers, parse_number
from storage_stream._protocol.names import check_bucket, check_object, gs_name, quote_name
from storage_stream._protocol.objects import api_resource, object_path
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.replies import parse_json
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.http import Reply
    from storage_stream._protocol.resources import RewriteResponse

__all__ = ["Rewrite", "RewriteStep", "rewrite_object"]

_MEBIBYTE = 1024 * 1024
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A copy to be made, and how far it is.

    Attributes:
        bucket: Of the source.
        name: Of the source.
        target_bucket: Of the copy.
        target_name: Of the copy.
        generation: Of the source; None for the one that is live when it begins.
        metadata: Fields of the copy's resource in place of the source's; None takes those over.
        max_bytes_per_call: At most so many bytes in each call, a multiple of 1 MiB; None leaves it
            to the service.
        token: Of the last call; None before the first.
    """

    bucket: str
    name: str
    target_bucket: str
    target_name: str
    generation: int | None = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    max_bytes_per_call: int | None = None
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A generation that is none, or a number of bytes that is no multiple
                of 1 MiB.
        """
        check_bucket(self.bucket)
        check_object(self.name)
        check_bucket(self.target_bucket)
        check_object(self.target_name)
        object.__setattr__(self, "generation", generation_number(self.generation))
        size: Any = self.max_bytes_per_call
        if size is not None and (type(size) is not int or size <= 0 or size % _MEBIBYTE):
            raise InvalidArgument(f"max_bytes_per_call={size!r}: a multiple of {_MEBIBYTE} bytes")

    @property
    def subject(self) -> str:
        """What is copied, as a `gs://` name."""
        return gs_name(self.bucket, self.name)

    def state(self) -> dict[str, Any]:
        """What JSON can hold of it, for `of_state`."""
        return {
            "kind": "rewrite",
            "version": _VERSION,
            "source": [self.bucket, self.name, self.generation],
            "target": [self.target_bucket, self.target_name],
            "metadata": None if self.metadata is None else dict(self.metadata),
            "max_bytes_per_call": self.max_bytes_per_call,
            "token": self.token,
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Rewrite:
        """The rewrite that `state` gave.

        Raises:
            InvalidArgument: It is not a state of a rewrite, or one of another version.
        """
        try:
            if (state["kind"], state["version"]) != ("rewrite", _VERSION):
                raise InvalidArgument("this is not the state of a copy, or of another version")
            bucket, name, generation = state["source"]
            target_bucket, target_name = state["target"]
            metadata, token = state["metadata"], state["token"]
            size = state["max_bytes_per_call"]
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, InvalidArgument):
                raise
            raise InvalidArgument(
                "this is not the state of a copy: resume_copy takes the `state` of the error that"
                " copy() raised, a dict; read from JSON where it was kept as text"
            ) from None
        return cls(bucket, name, target_bucket, target_name, generation, metadata, size, token)


@dataclass(frozen=True, slots=True)
class RewriteStep:
    """What one call answered.

    Attributes:
        done_bytes: Bytes copied so far.
        total_bytes: Bytes of the object.
        token: For the next call; None when the copy is there.
        response: The whole answer; its `resource` is the copy.
    """

    done_bytes: int
    total_bytes: int
    token: str | None
    response: RewriteResponse = field(repr=False)


def rewrite_object(rewrite: Rewrite) -> Operation[RewriteStep]:
    """`storage.objects.rewrite`: one call of it."""
    target = f"{quote_name(rewrite.target_bucket)}/o/{quote_name(rewrite.target_name)}"
    said = {
        "sourceGeneration": rewrite.generation,
        "maxBytesRewrittenPerCall": rewrite.max_bytes_per_call,
        "rewriteToken": rewrite.token,
    }
    # No body takes over the source's metadata; an empty object would be one that has none.
    metadata = rewrite.metadata
    return Operation(
        "storage.objects.rewrite",
        "POST",
        f"{object_path(rewrite.bucket, rewrite.name)}/rewriteTo/b/{target}",
        _parse_step,
        rewrite.subject,
        tuple((name, str(value)) for name, value in said.items() if value is not None),
        JSON_HEADERS if metadata else Headers(),
        json.dumps(api_resource(metadata)).encode() if metadata else b"",
        Idempotence.IF_GENERATION_MATCH,
    )


def _parse_step(reply: Reply) -> RewriteStep:
    """Read one answer.

    Raises:
        ProtocolError: It is none: without numbers, or neither done nor to be continued.
    """
    content: dict[str, Any] = parse_json(reply)
    done = parse_number(str(content.get("totalBytesRewritten")))
    total = parse_number(str(content.get("objectSize")))
    token: Any = content.get("rewriteToken")
    finished = content.get("done") is True and isinstance(content.get("resource"), dict)
    if done is None or total is None or not (finished or (token and isinstance(token, str))):
        raise ProtocolError("the answer to a rewrite says neither that it is done nor how to go on")
    response = cast("RewriteResponse", content)
    return RewriteStep(done, total, None if finished else token, response)
