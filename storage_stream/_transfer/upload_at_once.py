"""Small objects from memory, whole: one request, one look at its answer, and no machinery.

Whatever is not the usual answer goes to the machinery of `upload` as it came, unread: the refusal,
the lost connection, the wrong checksum. It repeats what may be repeated, finds out whether a
repeat was refused by its own first attempt, and takes away what is wrong. So nothing is sent
twice, and nothing is decided here that is not decided there in the same way.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from storage_stream._protocol.checksums import crc32c, encode_crc32c
from storage_stream._protocol.names import check_object
from storage_stream._protocol.whole_insert import WholeInsert, made_as_sent
from storage_stream._transfer.asked import Asked
from storage_stream._transfer.upload import send_whole
from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transport.sender import Sender

__all__ = ["is_small", "upload_at_once"]

_SMALL_BYTES: Final = 128 * 1024  # a copy of these costs less than to send them in pieces
_SAID: Final = frozenset({"name", "crc32c", "contentType"})  # of the resource, by us
# As long as one may be (70 characters): a search for it makes the longest steps.
_INSERT: Final = WholeInsert(secrets.token_hex(32))


def is_small(data: Any) -> TypeGuard[bytes]:
    """Whether these are bytes for one request."""
    return type(data) is bytes and len(data) <= _SMALL_BYTES


async def upload_at_once(
    sender: Sender, target: NewObject, data: bytes, options: RequestOptions
) -> ObjectResource:
    """Make an object of bytes, as `upload` does.

    Cancelling closes the connection; whether the service made the object is then unknown.

    Args:
        sender: Makes the request.
        target: The object to make.
        data: Its bytes.
        options: The caller's; no headers may stand in them.

    Raises:
        InvalidName: A name that cannot be.
        InvalidArgument: A content type that cannot stand in a header.
        StorageError: As `upload`.
    """
    request, checksum = None, encode_crc32c(crc32c(data))
    fields = target.resource() if target.metadata else {}
    if _SAID.isdisjoint(fields):
        check_object(target.name)
        plain = target._replace(metadata={}) if fields else target  # its type is not in them
        request = _INSERT.request(
            *(target.bucket, target.name, data, checksum, plain.resolved_type()),
            fields,
            options.params,
        )
    if request is None:
        return await send_whole(sender, target.checked(), data, options)
    meter, begun = options.meter, sender.clock.now()
    if meter is not None:
        meter.expect(len(data))
    try:
        reply = await sender.open(request, options)
    except StorageError as error:
        return await send_whole(sender, target, data, options, Asked(error, begun))
    answer = reply.whole
    if answer is not None:
        made = made_as_sent(reply.head, answer, checksum, len(data))
        if made is not None:
            reply.close()
            if meter is not None:
                meter.moved(len(data))
                meter.gained(len(data))
            return made
    return await send_whole(sender, target, data, options, Asked(reply, begun))
