"""How much of a list a request may ask for, as FastAPI checks it."""

from typing import Annotated

from fastapi import Query

from storage_stream.images.sql.queries import MAX_ON_PAGE

__all__ = ["MAX_IDS", "Limit", "Offset"]

MAX_IDS = 100
"""Of one address, which has to stay short."""
_MAX_OFFSET = 2**53

Offset = Annotated[int, Query(ge=0, le=_MAX_OFFSET, description="Rows to leave out.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ON_PAGE, description="Rows to give.")]
