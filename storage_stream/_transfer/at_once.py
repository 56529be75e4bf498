"""Small objects, whole: one request, one look at its answer, and no machinery.

Whatever is not the usual answer goes to the machinery of `Download` as it came, unread: the
refusal, the body that is still coming, the gzip, the wrong checksum. So nothing is asked twice,
and nothing is decided here that is not decided there in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream._protocol.whole_media import is_whole_object, whole_media_request
from storage_stream._transfer.asked import Asked
from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transport.sender import Sender

__all__ = ["download_at_once"]


async def download_at_once(
    sender: Sender, bucket: str, name: str, options: RequestOptions, generation: int | None = None
) -> bytes | Asked:
    """Ask for an object once.

    Cancelling closes the connection.

    Args:
        sender: Makes the request.
        bucket: The bucket.
        name: The object.
        options: The caller's; no headers may stand in them.
        generation: Which; None for the live one.

    Returns:
        The object, where all of it came at once and its checksum is right; else what came of
        the request, for `Download.open`.

    Raises:
        InvalidName: A name that cannot be.
    """
    request = whole_media_request(bucket, name, generation, options.params)
    begun = sender.clock.now()
    try:
        reply = await sender.open(request, options)
    except StorageError as error:
        return Asked(error, begun)
    body = reply.whole
    if body is None or not is_whole_object(reply.head, body, generation):
        return Asked(reply, begun)
    reply.close()
    if (meter := options.meter) is not None:
        meter.expect(len(body))
        meter.moved(len(body))
        meter.gained(len(body))
    return body
