"""Around the writing of objects: the rows before, the lease meanwhile, the clearing after."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from storage_stream._shielding import to_its_end
from storage_stream.images.errors import ClaimLost
from storage_stream.images.log import LOGGER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Sequence
    from uuid import UUID

    from storage_stream.images.files.claims import Claimed, Claims

__all__ = ["writing_objects"]

_RENEWALS = 3  # in one lease, so that two of them may fail


@asynccontextmanager
async def writing_objects(
    claims: Claims,
    owner: UUID,
    claim: Coroutine[Any, Any, Sequence[Claimed]],
) -> AsyncGenerator[Sequence[Claimed]]:
    """Around what writes objects and then says so; an exception undoes all of it.

    Cancelling waits for the undoing.

    Args:
        claims: Which knows the rows.
        owner: Who claims them.
        claim: Claims them in a transaction, and says which they are.
    """
    try:
        claimed = await claim
    except asyncio.CancelledError:
        await to_its_end(_undone(claims, owner, ()))  # it may be committed; no object was begun
        raise
    renewing = asyncio.create_task(_renew(claims, owner))
    try:
        yield claimed
    except BaseException:
        await to_its_end(_undone(claims, owner, claimed, renewing))
        raise
    await _ended(renewing)


async def _undone(
    claims: Claims,
    owner: UUID,
    claimed: Sequence[Claimed],
    renewing: asyncio.Task[None] | None = None,
) -> None:
    if renewing is not None:
        await _ended(renewing)
    try:
        await claims.give_up(owner, claimed)
    except Exception:  # noqa: BLE001 - logged with its trace
        # What went wrong first is what the caller has to know; `recover` does the rest.
        LOGGER.exception("what %s wrote is left to be recovered", owner)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is not None:
        LOGGER.debug("the lease was not renewed any more", exc_info=task.exception())


async def _renew(claims: Claims, owner: UUID) -> None:
    while True:
        await asyncio.sleep(claims.lease / _RENEWALS)
        try:
            await claims.renew(owner)
        except ClaimLost:
            raise
        except Exception:  # noqa: BLE001 - logged with its trace
            LOGGER.warning("the lease of %s could not be renewed yet", owner, exc_info=True)
