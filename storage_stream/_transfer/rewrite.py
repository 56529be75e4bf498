"""A copy that takes several calls: each gives the token of the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.objects import api_resource, get_object
from storage_stream._protocol.rewrite import rewrite_object
from storage_stream.errors import PreconditionFailed, ProtocolError, StorageError

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import RewriteResponse
    from storage_stream._protocol.rewrite import Rewrite
    from storage_stream._transport.sender import Sender

__all__ = ["copy_object"]

_TOKEN = "rewriteToken"  # noqa: S105 - a parameter's name


async def copy_object(
    sender: Sender,
    rewrite: Rewrite,
    options: RequestOptions,
) -> RewriteResponse:
    """Make the calls until the copy is there.

    Cancelling leaves no copy; the service forgets what it has done of it after a week.

    Args:
        sender: Makes the requests.
        rewrite: What to copy, and from where to go on.
        options: The caller's; a `rewriteToken` among its parameters is of the call before.

    Returns:
        The last answer.

    Raises:
        PreconditionFailed: The target or the source is not in the state that was named. Where
            an answer was lost and there was to be no target, two more requests look whether the
            one that is there is this copy.
        StorageError: Whatever ended it; its `state` is what `Rewrite.of_state` goes on from.
    """
    said = dict(options.params)
    if _TOKEN in said:
        rewrite = replace(rewrite, token=said.pop(_TOKEN))
        options = replace(options, params=tuple(said.items()))
    meter, copied, done = options.meter, None, 0
    while True:
        try:
            step = await sender.send(rewrite_object(rewrite), options)
        except PreconditionFailed as refusal:
            return await _made_before(sender, rewrite, options, refusal)
        except StorageError as error:
            if rewrite.token is not None:
                error.state = rewrite.state()
            raise
        if meter is not None:
            if copied is None:
                meter.expect(step.total_bytes)
            meter.gained(step.done_bytes - (copied or 0))
            copied = step.done_bytes
        if step.token is None:
            return step.response
        if step.token == rewrite.token and step.done_bytes <= done:
            stuck = ProtocolError("the copy does not come forward: the token of the call before")
            stuck.method, stuck.subject, stuck.state = "POST", rewrite.subject, rewrite.state()
            raise stuck
        done = step.done_bytes
        rewrite = replace(rewrite, token=step.token)


async def _made_before(
    sender: Sender, rewrite: Rewrite, options: RequestOptions, refusal: PreconditionFailed
) -> RewriteResponse:
    """A repeat was refused: by another's object, or by the copy that the first attempt made.

    Raises:
        PreconditionFailed: The refusal, where there was no attempt before, or the target is not
            what the source is.
    """
    is_new = dict(options.params).get("ifGenerationMatch") == "0"
    if (refusal.attempts or 1) < 2 or not is_new:  # noqa: PLR2004 - the first has none before it
        raise refusal
    look = options.only_connection()
    source = get_object(rewrite.bucket, rewrite.name, rewrite.generation)
    target = get_object(rewrite.target_bucket, rewrite.target_name)
    try:
        read: Any = await sender.send(source, look)
        made: Any = await sender.send(target, look)
    except StorageError:
        raise refusal from None
    wanted = {name: read.get(name) for name in ("crc32c", "size", "contentType")}
    wanted |= api_resource(rewrite.metadata or {})
    if made.get("crc32c") is None or any(made.get(name) != it for name, it in wanted.items()):
        raise refusal
    size = made.get("size")
    return {
        "kind": "storage#rewriteResponse",
        "done": True,
        "totalBytesRewritten": size,
        "objectSize": size,
        "resource": made,
    }
