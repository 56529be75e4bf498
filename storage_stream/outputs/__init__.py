"""Bytes in web answers: any object of a bucket with ranges, and binary results that are links.

    from storage_stream.outputs import Blob, BlobManager, object_response

    class MyImageBlob(Blob):
        media_type = "image/png"

`object_response` serves FastAPI, Starlette and aiohttp.web. Blobs are pydantic models; they and
everything for FastAPI need the extra `fastapi` (`pip install "storage-stream[fastapi]"`). Nothing
of it is imported before it is used.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names

if TYPE_CHECKING:
    from storage_stream.outputs.blob import Blob, blob_type
    from storage_stream.outputs.context import blobdata_to_url_ctx, url_to_blobdata_ctx
    from storage_stream.outputs.data import BlobBytes, BlobData, BlobFile, ServerSideBlobData
    from storage_stream.outputs.errors import (
        BlobError,
        BlobNotFound,
        BlobNotLoaded,
        ForeignHref,
        NoBlobContext,
        NotAServedBlob,
    )
    from storage_stream.outputs.fastapi_context import (
        BlobIOContextDep,
        blob_serialisation_context_manager,
    )
    from storage_stream.outputs.manager import BlobDataManager, BlobManager
    from storage_stream.outputs.object_data import BlobObject
    from storage_stream.outputs.object_responses import object_response
    from storage_stream.outputs.openapi import BLOB_RESPONSES, OBJECT_RESPONSES

__all__ = [
    "BLOB_RESPONSES",
    "OBJECT_RESPONSES",
    "Blob",
    "BlobBytes",
    "BlobData",
    "BlobDataManager",
    "BlobError",
    "BlobFile",
    "BlobIOContextDep",
    "BlobManager",
    "BlobNotFound",
    "BlobNotLoaded",
    "BlobObject",
    "ForeignHref",
    "NoBlobContext",
    "NotAServedBlob",
    "ServerSideBlobData",
    "blob_serialisation_context_manager",
    "blob_type",
    "blobdata_to_url_ctx",
    "object_response",
    "url_to_blobdata_ctx",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Blob": "storage_stream.outputs.blob",
        "blob_type": "storage_stream.outputs.blob",
        "blobdata_to_url_ctx": "storage_stream.outputs.context",
        "url_to_blobdata_ctx": "storage_stream.outputs.context",
        "BlobBytes": "storage_stream.outputs.data",
        "BlobData": "storage_stream.outputs.data",
        "BlobFile": "storage_stream.outputs.data",
        "ServerSideBlobData": "storage_stream.outputs.data",
        "BlobError": "storage_stream.outputs.errors",
        "BlobNotFound": "storage_stream.outputs.errors",
        "BlobNotLoaded": "storage_stream.outputs.errors",
        "ForeignHref": "storage_stream.outputs.errors",
        "NoBlobContext": "storage_stream.outputs.errors",
        "NotAServedBlob": "storage_stream.outputs.errors",
        "BlobIOContextDep": "storage_stream.outputs.fastapi_context",
        "blob_serialisation_context_manager": "storage_stream.outputs.fastapi_context",
        "BlobDataManager": "storage_stream.outputs.manager",
        "BlobManager": "storage_stream.outputs.manager",
        "BlobObject": "storage_stream.outputs.object_data",
        "object_response": "storage_stream.outputs.object_responses",
        "BLOB_RESPONSES": "storage_stream.outputs.openapi",
        "OBJECT_RESPONSES": "storage_stream.outputs.openapi",
    },
)
