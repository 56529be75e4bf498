"""`Blob`: a binary result that is a link in JSON.

A pydantic model, so that it can stand in any other one. It refuses to know a web framework; what
its bytes are in stands in `data` and `object_data`, who gives it its link in `context`.
"""

from __future__ import annotations

import copy
import copyreg
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from storage_stream.media.errors import ExtraMissing

try:
    from pydantic import (
        BaseModel,
        Field,
        PrivateAttr,
        model_serializer,
        model_validator,
    )
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("blobs need pydantic: install storage-stream[fastapi]") from missing

from storage_stream.errors import InvalidArgument
from storage_stream.outputs.blob_io import BlobIO
from storage_stream.outputs.context import data_of_link, link_of_data
from storage_stream.outputs.data import BlobBytes, BlobFile, ServerSideBlobData
from storage_stream.outputs.errors import ForeignHref
from storage_stream.outputs.object_data import BlobObject
from storage_stream.outputs.url_data import BlobUrl

if TYPE_CHECKING:
    import os
    import tempfile
    from collections.abc import Mapping

    from storage_stream import Storage

__all__ = ["LOCAL_HREF", "Blob", "blob_type"]

LOCAL_HREF = "blob://local"
"""The link of what has none yet."""

ANY_MEDIA_TYPE = "*/*"
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)  # RFC 6838 §4.2

if TYPE_CHECKING:  # it has no public name
    from pydantic._internal._model_construction import ModelMetaclass as _ModelMeta
else:
    _ModelMeta = type(BaseModel)


class _BlobMeta(_ModelMeta):
    """Lets a subclass say `media_type = "image/png"` without an annotation, as programs do."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **how: Any
    ) -> type:
        annotated = "media_type" in namespace.get("__annotations__", {})
        is_bare = BaseModel not in bases and isinstance(namespace.get("media_type"), str)
        media_type = namespace.pop("media_type") if is_bare and not annotated else None
        made: Any = super().__new__(cls, name, bases, namespace, **how)
        if media_type is not None:
            field = copy.copy(made.model_fields["media_type"])
            field.default = check_media_type(media_type)
            made.model_fields["media_type"] = field
            made.model_rebuild(force=True)
        kind: type = made
        return kind


class Blob(BlobIO, BaseModel, metaclass=_BlobMeta):
    """Bytes that travel as a link: small in JSON, streamed when somebody asks for them.

        class MyImageBlob(Blob):
            media_type = "image/png"

        return MyImageBlob.from_bytes(data)

    Made by one of the `from_…` methods. Its constructor, as pydantic calls it for what came in,
    takes a link that this server gave before, and finds the data it leads to: nothing is fetched.
    In JSON it is an object of `href`, `media_type`, `rel` and `description`.

    Raises:
        NoBlobContext: A link is given where no request is being answered.
        BlobNotFound: Nobody holds what the link led to.
        pydantic.ValidationError: It is no link of this server, or its media type is another one.
    """

    href: str = Field(description="Where the bytes are to be had.")
    media_type: str = Field(default=ANY_MEDIA_TYPE, description="Their MIME type.")
    rel: str = Field(default="output", description="What the link is to what it is part of.")
    description: str = Field(
        default="Binary data does not stand in JSON: it is served under this link.",
        description="For people who read this.",
    )

    _data: ServerSideBlobData | None = PrivateAttr(default=None)

    # -- making one ------------------------------------------------------------------------

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Of bytes in memory."""
        return cls._of(BlobBytes(data, cls.default_media_type()))

    @classmethod
    def from_file(cls, file: str | os.PathLike[str]) -> Self:
        """Of a file, which has to stay as long as the blob does.

        Raises:
            OSError: There is no such file.
        """
        return cls._of(BlobFile(file, cls.default_media_type()))

    @classmethod
    def from_temporary_directory(cls, folder: tempfile.TemporaryDirectory[str], file: str) -> Self:
        """Of a file in a temporary folder, which is kept until the blob is collected.

        Raises:
            OSError: There is no such file.
        """
        path = Path(folder.name) / file
        return cls._of(BlobFile(path, cls.default_media_type(), temporary_directory=folder))

    @classmethod
    async def from_object(
        cls,
        storage: Storage,
        bucket: str,
        name: str,
        *,
        generation: int | None = None,
        filename: str | None = None,
    ) -> Self:
        """Of an object in a bucket: of the generation that is live now. One request.

        No byte of it is read. When that generation is overwritten or deleted, the link is gone
        (410); it never gives other bytes.

        Args:
            storage: The client, which outlives the blob.
            bucket: The bucket.
            name: The object's name.
            generation: Which version; nothing is requested then.
            filename: What a browser shall call it when it is saved.

        Raises:
            NotFound: There is no such object.
        """
        data = BlobObject(
            storage,
            bucket,
            name,
            cls._specific_media_type(),
            generation=generation,
            filename=filename,
        )
        return cls._of(await data.pin())

    @classmethod
    async def from_temporary(
        cls, storage: Storage, bucket: str, data: Any, *, prefix: str = "tmp/", ttl: float = 3600
    ) -> Self:
        """Upload it as an object that is deleted when nobody holds the blob any more.

        Deleting happens in the background, and at the latest in `BlobManager.close`; what a crash
        leaves is deleted by `BlobManager.sweep` when `ttl` is over. Cancelling as in
        `Storage.upload`.

        Args:
            storage: The client, which outlives the blob.
            bucket: The bucket.
            data: Whatever `Storage.upload` takes: bytes, an async iterable, a file.
            prefix: What its name begins with; the rest is random.
            ttl: Seconds after which it may be swept, held or not, except by who holds it.

        Raises:
            InvalidArgument: No time to live.
            StorageError: It could not be uploaded.
        """
        kind = cls._specific_media_type() or "application/octet-stream"
        return cls._of(await BlobObject.temporary(storage, bucket, data, kind, prefix, ttl))

    @classmethod
    async def from_url(cls, url: str, session: Any) -> Self:
        """Of a link that this program got as a client, and decided to follow. One HEAD request.

        Only ever the caller's decision: no link that comes in as JSON is followed.

        Args:
            url: The link.
            session: An `aiohttp.ClientSession`; it stays the caller's, and open.

        Raises:
            BlobNotFound: There is nothing.
            ValueError: It is of another media type.
        """
        found = await BlobUrl.of(url, session)
        wanted = cls._specific_media_type()
        if wanted is not None and found.media_type != wanted:
            raise InvalidArgument(f"the link leads to {found.media_type}, not to {wanted}")
        return cls._of(found, href=url)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Of what `to_dict` gave, on this server; as the constructor."""
        return cls.model_validate(fields)

    @classmethod
    def default_media_type(cls) -> str:
        """The media type of this class; `*/*` where it says none."""
        kind: str = cls.model_fields["media_type"].get_default()
        return kind

    # -- what it is ------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """What its bytes are in.

        Raises:
            ValueError: It holds none.
        """
        if self._data is None:
            raise ValueError("This Blob has no data.")
        return self._data

    @model_serializer(mode="plain")
    def to_dict(self) -> dict[str, str]:
        """Its JSON. What has no link yet gets one, which works as long as somebody holds the blob.

        Raises:
            NoBlobContext: No request is being answered.
        """
        href = self.href
        if href == LOCAL_HREF:
            href = link_of_data(self.data)
        return {
            "href": href,
            "media_type": self.media_type,
            "rel": self.rel,
            "description": self.description,
        }

    @model_validator(mode="after")
    def retrieve_data(self) -> Self:
        """Find the data that its link leads to, on this server."""
        own = self._specific_media_type()
        if own is not None and self.media_type != own:
            raise ValueError(f"its media type has to be {own}")
        if self._data is not None:
            return self
        if self.href == LOCAL_HREF:
            raise ValueError(f"{LOCAL_HREF} is no link that could be followed")
        try:
            found = data_of_link(self.href)
        except ForeignHref as error:
            # A plain one: web frameworks print what an error has for fields.
            raise ValueError(error.message) from None
        if self.media_type not in (found.media_type, ANY_MEDIA_TYPE):
            raise ValueError(f"the link does not lead to {self.media_type}")
        self.media_type = own or found.media_type
        self._data = found
        return self

    # -- inside ----------------------------------------------------------------------------

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """In OpenAPI it is its four fields, whichever way it goes, and of its one media type."""
        schema: dict[str, Any] = handler(_without_serializer(core_schema))
        resolved = handler.resolve_ref_schema(schema)
        own = cls._specific_media_type()
        if own is not None:
            resolved["properties"]["media_type"]["const"] = own
        return schema

    @classmethod
    def _of(cls, data: Any, href: str = LOCAL_HREF) -> Self:
        media_type = cls._specific_media_type() or data.media_type
        blob = cls.model_construct(href=href, media_type=media_type)
        blob._data = data  # noqa: SLF001 - its own
        return blob

    @classmethod
    def _specific_media_type(cls) -> str | None:
        kind = cls.default_media_type()
        return None if kind == ANY_MEDIA_TYPE else kind


def _without_serializer(core_schema: Mapping[str, Any]) -> dict[str, Any]:
    """A model's schema as it comes in, also where it is asked for as it goes out."""
    plain = {key: value for key, value in core_schema.items() if key != "serialization"}
    if plain["type"] == "function-after":  # the validator around it
        plain["schema"] = _without_serializer(plain["schema"])
    return plain


def check_media_type(media_type: str) -> str:
    """A `type/subtype`.

    Raises:
        InvalidArgument: It is none.
    """
    if media_type != ANY_MEDIA_TYPE and not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidArgument(f"{media_type!r} is no media type such as image/png")
    return media_type


@functools.cache
def blob_type(media_type: str) -> type[Blob]:
    """The subclass for a media type; type checkers see more of one that is written out.

    Args:
        media_type: `type/subtype`.

    Raises:
        InvalidArgument: It is none.
    """
    check_media_type(media_type)
    name = re.sub(r"\W+", "_", media_type, flags=re.ASCII).strip("_") + "_blob"
    kind: Any = type(Blob)
    made: type[Blob] = kind(name, (Blob,), {"media_type": media_type, "__module__": __name__})
    return made


def _pickled(kind: type[Blob]) -> str | tuple[Any, ...]:
    """A class by its name, as ever; one that `blob_type` made, by being made again."""
    if kind.__module__ == __name__ and kind is not Blob:
        return blob_type, (kind.default_media_type(),)
    return kind.__qualname__


copyreg.pickle(_BlobMeta, _pickled)  # type: ignore[arg-type]  # which asks no class of a class
