"""An answer on its way: the plan, the pieces of its body, and what a failure means to a client.

Between the planner, which decides, and the web framework, which sends. It knows no framework.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from storage_stream.errors import (
    Gone,
    InvalidArgument,
    InvalidName,
    NotFound,
    ObjectChanged,
    StorageError,
)
from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.planning.plan import METHODS, Plan, plan_problem, plan_response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from storage_stream.outputs.contents.base import Content, Pieces
    from storage_stream.outputs.planning.representation import RequestHead

__all__ = ["Answer"]

_log = logging.getLogger("storage_stream")


class Answer:
    """What is sent to one request; to be closed when it was, or was not.

    Attributes:
        plan: Its status and headers.
    """

    def __init__(self, plan: Plan, content: Content | None, first: Pieces | None) -> None:
        self.plan = plan
        self._content = content
        self._first = first

    @classmethod
    async def to(
        cls, request: RequestHead, content: Content, *, was_linked: bool, inline: bool = True
    ) -> Answer:
        """Decide, and begin to read: what is wrong shows in the status, not in the middle.

        Cancelling lets go of what was opened.

        Args:
            request: What was asked.
            content: What it was about; closed with the answer.
            was_linked: Somebody was given a link to it: what is missing is gone (410), not
                unknown (404).
            inline: Whether a browser may show it, or shall offer to save it.
        """
        try:
            return await cls._begun(request, content, inline=inline)
        except (StorageError, OSError) as error:
            plan = _problem(error, was_linked=was_linked)
            return cls._without(content, plan if request.method == "GET" else _bodiless(plan))
        except BaseException:
            content.close()
            raise

    @classmethod
    async def _begun(cls, request: RequestHead, content: Content, *, inline: bool) -> Answer:
        if request.method not in METHODS:
            return cls._without(content, plan_problem(405, "GET or HEAD", _ALLOW))
        there = await content.representation(request)
        plan = plan_response(request, there, boundary=secrets.randbits(128), inline=inline)
        if request.method == "HEAD":
            plan = _bodiless(plan)
        if not plan.spans:
            await content.confirm()
            return cls._without(content, plan)
        answer = cls(plan, content, await content.open(plan.spans[0]))
        if plan.length is None or plan.length > PIECE_BYTES:
            return answer
        # What fits is read before anything is sent: then a failure is a status, too, and nobody
        # has to watch the client meanwhile.
        whole = b"".join([piece async for piece in answer.pieces()])
        return cls._without(content, replace(plan, parts=(whole,)))

    @classmethod
    def _without(cls, content: Content, plan: Plan) -> Answer:
        content.close()
        return cls(plan, None, None)

    def header_lines(self, added: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Its own, and those that the caller adds: he does not say what is known better here.

        But what a browser may run is his decision, and so is how long it is kept.
        """
        theirs = [line for line in added if line[0].lower() not in _TOLD_HERE]
        if not theirs:
            return list(self.plan.headers)
        decided = {name.lower() for name, _ in theirs} & _HIS_DECISION
        own = [line for line in self.plan.headers if line[0] not in decided]
        said = {name for name, _ in own}
        return own + [line for line in theirs if line[0].lower() not in said]

    @property
    def small_body(self) -> bytes | None:
        """The body where it is at hand, and nothing has to be read for it."""
        if self._content is not None:
            return None
        return b"".join(part for part in self.plan.parts if isinstance(part, bytes))

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The body, in order.

        Raises:
            StorageError: It cannot be read to its end; the connection has to be broken off, since
                its length was told.
        """
        for part in self.plan.parts:
            if isinstance(part, bytes):
                yield part
                continue
            if self._content is None:
                raise ValueError("the answer was closed")
            reading, self._first = self._first, None
            if reading is None:
                reading = await self._content.open(part)
            while piece := await reading.next():
                yield piece
            reading.close()

    def close(self) -> None:
        """Let go of everything; idempotent."""
        if self._content is not None:
            self._content.close()
            self._content = None


def _bodiless(plan: Plan) -> Plan:
    return replace(plan, parts=())


_TOLD_HERE = frozenset({"content-length", "content-type"})
_HIS_DECISION = frozenset({"content-security-policy"})
_ALLOW = (("allow", ", ".join(METHODS)),)
_NOT_THERE = (NotFound, Gone, FileNotFoundError)


def _problem(error: StorageError | OSError, *, was_linked: bool) -> Plan:
    """What a client is told; not the error's own text, which is about our bucket."""
    if isinstance(error, _NOT_THERE):
        if was_linked:
            return plan_problem(410, "it is not there any more")
        return plan_problem(404, "there is no such thing")
    if isinstance(error, InvalidName | InvalidArgument):
        return plan_problem(404, "there is no such thing")
    if isinstance(error, ObjectChanged):
        return plan_problem(503, "it has just been changed", (("retry-after", "1"),))
    _log.warning("cannot serve: %s", error)
    return plan_problem(502, "what keeps it did not answer")
