"""Whether something came over an idle connection that the event loop has not read yet.

That is its end, or bytes that nobody asked for; the one as the other is no answer to the next
request. The loop tells of both, but only at its next turn, and a request may be made before.
"""

from __future__ import annotations

import select
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["unread_of"]


def unread_of(file_number: int) -> Callable[[], object]:
    """What looks at a socket, without waiting; what it gives is true or empty."""
    if file_number < 0:  # it is closed
        return lambda: True
    poll = getattr(select, "poll", None)
    if poll is None:  # Windows
        return lambda: bool(select.select([file_number], [], [], 0)[0])
    watched = poll()
    watched.register(file_number, select.POLLIN)
    return partial(watched.poll, 0)
