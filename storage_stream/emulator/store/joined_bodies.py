"""One body made of several: what compose and the end of a multipart upload have in common.

It refuses to know objects: it deals in numbers of bodies.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack

from storage_stream.emulator.store import object_rows
from storage_stream.emulator.store.bodies import BATCH_BYTES
from storage_stream.emulator.store.records import Body
from storage_stream.emulator.store.store import Store


async def join_bodies(store: Store, body_ids: Sequence[int]) -> Body:
    """Return a new body of all the bytes in order, without an MD5, as the service has none."""
    writer = store.bodies.writer(with_md5=False)
    with ExitStack() as leases:
        for body_id in body_ids:
            leases.enter_context(store.bodies.reading(body_id))
        try:
            for body_id in body_ids:
                async for piece in _stored_pieces(store, body_id):
                    await writer.write(piece)
        except BaseException:
            await writer.discard()
            raise
        return await writer.finish()


async def _stored_pieces(store: Store, body_id: int) -> AsyncIterator[bytes]:
    content = object_rows.body_content(store.reader, body_id)
    if content is not None:
        yield content
        return
    with store.bodies.path(body_id).open("rb", buffering=0) as file:
        while piece := await asyncio.to_thread(file.read, BATCH_BYTES):
            yield piece
