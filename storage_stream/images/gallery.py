"""Galleries: all images of one `correlation_id`, with the latest revision of each version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from storage_stream.images.naming import ORIGINAL
from storage_stream.images.sql.queries import in_pieces
from storage_stream.images.sql.schema import files, images

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from storage_stream.images.rows import Gallery, GalleryImage, GalleryVersion
    from storage_stream.images.sql.queries import Shown

__all__ = ["galleries", "gallery_images"]

_FILE = "file."
_ORIGINALS = 450
"""In one statement, which names each of them twice."""


async def galleries(
    connection: AsyncConnection, ids: Sequence[UUID], shown_images: Shown, shown_files: Shown
) -> list[Gallery]:
    """The galleries with these ids, in this order; those that are empty are left out."""
    collected = _Collected(shown_images.names, shown_files.names)
    for some in in_pieces(ids):
        of_them = images.c.correlation_id.in_(list(some))
        asked = _latest(of_them, shown_images, shown_files)
        for row in (await connection.execute(asked)).mappings():
            collected.add(dict(row))
    return collected.in_order(ids)


async def gallery_images(
    connection: AsyncConnection,
    originals: Sequence[UUID],
    shown_images: Shown,
    shown_files: Shown,
) -> list[GalleryImage]:
    """These originals with their versions, in this order; those that are none are left out."""
    collected = _Collected(shown_images.names, shown_files.names)
    for some in in_pieces(originals, _ORIGINALS):
        ids = list(some)
        is_original = images.c.original_id.is_(None) & images.c.id.in_(ids)
        asked = _latest(is_original | images.c.original_id.in_(ids), shown_images, shown_files)
        for row in (await connection.execute(asked)).mappings():
            collected.add(dict(row))
    return collected.images_in_order(originals)


class _Collected:
    """Galleries as they grow; originals come before their versions."""

    def __init__(self, names: Sequence[str], file_names: Sequence[str]) -> None:
        self._names = names
        self._file_names = [(name, f"{_FILE}{name}") for name in file_names]
        self._galleries: dict[UUID, Gallery] = {}
        self._images: dict[UUID, GalleryImage] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Put it where it belongs."""
        file = {name: row[label] for name, label in self._file_names}
        version = cast(
            "GalleryVersion", {**{name: row[name] for name in self._names}, "file": file}
        )
        if version["original_id"] is not None:
            self._images[version["original_id"]]["versions"][str(version["version"])] = version
            return
        image: GalleryImage = {"id": version["id"], "versions": {ORIGINAL: version}}
        self._images[version["id"]] = image
        empty: Gallery = {"id": version["correlation_id"], "images": [], "versions": {}}
        self._galleries.setdefault(version["correlation_id"], empty)["images"].append(image)

    def in_order(self, ids: Iterable[UUID]) -> list[Gallery]:
        """All of them that have an image."""
        for gallery in self._galleries.values():
            gallery["versions"] = gallery["images"][-1]["versions"]
        return [self._galleries[each] for each in ids if each in self._galleries]

    def images_in_order(self, ids: Iterable[UUID]) -> list[GalleryImage]:
        """Those of these originals that there are."""
        return [self._images[each] for each in ids if each in self._images]


def _latest(
    which: sa.ColumnElement[bool], shown_images: Shown, shown_files: Shown
) -> sa.Select[Any]:
    """Every original and the highest revision of each of its versions, originals first.

    By revision and not by time: the rows of one statement have the same time.
    """
    place = sa.func.row_number().over(
        partition_by=(images.c.original_id, images.c.version), order_by=images.c.revision.desc()
    )
    # Numbers are ranked, not whole rows, of which most are left out.
    ranked = sa.select(images.c.number, place.label("place")).where(which).subquery("ranked")
    columns = [images.c[name] for name in shown_images.names]
    file_columns = [files.c[name].label(f"{_FILE}{name}") for name in shown_files.names]
    is_original = images.c.original_id.is_(None)
    return (
        sa.select(*columns, *file_columns)
        .join(ranked, ranked.c.number == images.c.number)
        .join(files, files.c.id == images.c.file_id)
        .where(sa.or_(is_original, ranked.c.place == 1))
        .order_by(sa.case((is_original, 0), else_=1), images.c.number)
    )
