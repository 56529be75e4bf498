"""`Blob`: one object of a bucket, with what is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack, overload

from storage_stream._protocol.http import parse_number
from storage_stream._protocol.names import check_object
from storage_stream._protocol.object_fields import ObjectFields
from storage_stream._protocol.options import DEFAULT_TIMEOUT
from storage_stream._protocol.resumable_upload import ALIGNMENT_BYTES
from storage_stream._protocol.slice_plan import DEFAULT_SLICE_BYTES, DEFAULT_WORKERS
from storage_stream._transport.signers import IamClientSigner, sign_with_pem
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from storage_stream._protocol.handle_keywords import BlobDownloadKeywords, BlobUploadKeywords
    from storage_stream._protocol.options import DownloadKeywords, RequestKeywords
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._protocol.signing_address import SigningAddress
    from storage_stream._transport.credentials import TokenSource
    from storage_stream.bucket import Bucket
    from storage_stream.files import (
        FileRequest,
        ObjectReader,
        ObjectWriter,
        TextReader,
        TextWriter,
    )
    from storage_stream.files.keywords import (
        ReadKeywords,
        ReadTextKeywords,
        WriteKeywords,
        WriteTextKeywords,
    )
    from storage_stream.files.mode import ReadBinary, ReadText, WriteBinary, WriteText
    from storage_stream.streams import DownloadRequest

__all__ = ["Blob"]


class Blob(ObjectFields):
    """An object; made by `Bucket.get_blob` or `Bucket.new_blob`.

    The fields of its resource are attributes under the service's names (`contentType`,
    `md5Hash`, `generation`, …), where the service sent them; the bucket's name is `bucket_name`,
    and `size` is a number.

    Args:
        bucket: The bucket.
        name: The object's name.
        metadata: The object's resource; it is copied.

    Raises:
        InvalidName: It is no object's name.
        ProtocolError: The resource's size is no number.
    """

    size: int
    bucket_name: str

    def __init__(self, bucket: Bucket, name: str, metadata: Mapping[str, Any]) -> None:
        self._adopt(metadata)
        self.bucket = bucket
        self.name = check_object(name)

    @property
    def chunk_size(self) -> int:
        """The object's size, rounded up behind the next 256 KiB."""
        return self.size + (ALIGNMENT_BYTES - self.size % ALIGNMENT_BYTES)

    async def download(
        self,
        timeout: float | None = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - gcloud-aio-storage's
        session: Any = None,
        auto_decompress: bool = True,  # noqa: FBT001, FBT002 - gcloud-aio-storage's
        **options: Unpack[BlobDownloadKeywords],
    ) -> bytes:
        """The object's bytes; see `Storage.download`."""
        return await self.bucket.storage.download(
            self.bucket.name,
            self.name,
            timeout=timeout,
            session=session,
            raw=not auto_decompress,
            **options,
        )

    def download_stream(
        self, *, buffer_bytes: int | None = None, **options: Unpack[DownloadKeywords]
    ) -> DownloadRequest:
        """The object's bytes as a stream; see `Storage.download_stream`."""
        return self.bucket.storage.download_stream(
            self.bucket.name, self.name, buffer_bytes=buffer_bytes, **options
        )

    async def download_to_filename(
        self,
        filename: str | os.PathLike[str],
        *,
        slice_bytes: int = DEFAULT_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        resume: bool = True,
        **options: Unpack[DownloadKeywords],
    ) -> None:
        """The object into a file; see `Storage.download_to_filename`."""
        await self.bucket.storage.download_to_filename(
            self.bucket.name,
            self.name,
            filename,
            slice_bytes=slice_bytes,
            workers=workers,
            resume=resume,
            **options,
        )

    @overload
    def open(
        self, mode: ReadBinary = "rb", **options: Unpack[ReadKeywords]
    ) -> FileRequest[ObjectReader]: ...

    @overload
    def open(
        self, mode: WriteBinary, **options: Unpack[WriteKeywords]
    ) -> FileRequest[ObjectWriter]: ...

    @overload
    def open(
        self, mode: ReadText, **options: Unpack[ReadTextKeywords]
    ) -> FileRequest[TextReader]: ...

    @overload
    def open(
        self, mode: WriteText, **options: Unpack[WriteTextKeywords]
    ) -> FileRequest[TextWriter]: ...

    @overload
    def open(self, mode: str, **options: Any) -> FileRequest[Any]: ...

    def open(self, mode: str = "rb", **options: Any) -> FileRequest[Any]:
        """The object as a file; see `Storage.open`.

        What is written is another resource than the blob's, until `reload` takes it over.
        """
        return self.bucket.storage.open(self.bucket.name, self.name, mode, **options)

    async def upload(
        self,
        data: Any,
        content_type: str | None = None,
        session: Any = None,
        **options: Unpack[BlobUploadKeywords],
    ) -> ObjectResource:
        """Replace the object's bytes, and take over its new resource; see `Storage.upload`."""
        resource = await self.bucket.storage.upload(
            self.bucket.name,
            self.name,
            data,
            content_type=content_type,
            session=session,
            **options,
        )
        self._adopt(resource)
        return resource

    async def reload(
        self, *, generation: int | None = None, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Take over the resource as it is now. One request; see `Storage.download_metadata`."""
        storage = self.bucket.storage
        resource = await storage.download_metadata(
            self.bucket.name, self.name, generation=generation, **options
        )
        self._adopt(resource)
        return resource

    async def patch_metadata(
        self,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields, and take over the new resource; see `Storage.patch_metadata`."""
        storage = self.bucket.storage
        resource = await storage.patch_metadata(
            self.bucket.name, self.name, metadata, generation=generation, **options
        )
        self._adopt(resource)
        return resource

    async def delete(
        self, *, generation: int | None = None, **options: Unpack[RequestKeywords]
    ) -> None:
        """Delete the object; see `Storage.delete`."""
        storage = self.bucket.storage
        await storage.delete(self.bucket.name, self.name, generation=generation, **options)

    def _adopt(self, resource: Mapping[str, Any]) -> None:
        size = parse_number(str(resource.get("size", 0)))
        if size is None:
            raise ProtocolError("an object's resource has no size that is a number")
        fields = {key: value for key, value in resource.items() if key not in {"bucket", "name"}}
        vars(self).update(fields, bucket_name=resource.get("bucket", ""), size=size)

    async def get_signed_url(
        self,
        expiration: int,
        headers: Mapping[str, str] | None = None,
        query_params: Mapping[str, Any] | None = None,
        http_method: str = "GET",
        iam_client: Any = None,
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        *,
        address: SigningAddress | None = None,
    ) -> str:
        """A URL that lets whoever has it do one thing; see `Storage.get_signed_url`."""
        return await self.bucket.storage.get_signed_url(
            self.bucket.name,
            self.name,
            expiration,
            headers=headers,
            query_params=query_params,
            http_method=http_method,
            iam_client=iam_client,
            service_account_email=service_account_email,
            token=token,
            session=session,
            address=address,
        )

    @staticmethod
    def get_pem_signature(str_to_sign: str, private_key: str) -> bytes:
        """Sign a text with a key in PEM; `get_signed_url` does all of it.

        Raises:
            InvalidArgument: It is no RSA key in plain PEM.
        """
        return sign_with_pem(private_key, str_to_sign.encode())

    @staticmethod
    async def get_iam_api_signature(
        str_to_sign: str,
        iam_client: Any,
        service_account_email: str | None,
        session: Any,
    ) -> bytes:
        """Sign a text by a `gcloud.aio.auth.IamClient`; `get_signed_url` does all of it."""
        signer = IamClientSigner(iam_client, service_account_email, session)
        return await signer.sign(str_to_sign.encode())

    def __repr__(self) -> str:
        return f"<Blob gs://{self.bucket.name}/{self.name}>"
