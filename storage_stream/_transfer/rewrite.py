"""A copy that takes several calls: each gives the token of the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage_stream._protocol.rewrite import rewrite_object
from storage_stream.errors import StorageError

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
        StorageError: Whatever ended it; its `state` is what `Rewrite.of_state` goes on from.
    """
    said = dict(options.params)
    if _TOKEN in said:
        rewrite = replace(rewrite, token=said.pop(_TOKEN))
        options = replace(options, params=tuple(said.items()))
    meter, copied = options.meter, None
    while True:
        try:
            step = await sender.send(rewrite_object(rewrite), options)
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
        rewrite = replace(rewrite, token=step.token)
