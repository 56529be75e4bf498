"""The routes of the XML API: one path, and the query tells the operation.

https://cloud.google.com/storage/docs/xml-api/reference-methods
"""

from collections.abc import Callable, Mapping

from aiohttp import web

from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.json_api.resumable import ResumableHandlers
from storage_stream.emulator.operations import operation
from storage_stream.emulator.problems import ApiError, Handler, xml_problems
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.xml_api.form import FormHandlers
from storage_stream.emulator.xml_api.multipart import MultipartHandlers
from storage_stream.emulator.xml_api.objects import XmlHandlers

_UPLOADS = "storage.multipartUploads"
"""The names of the permissions: https://cloud.google.com/storage/docs/access-control/iam-xml"""

_Chooser = Callable[[web.Request], str]


def xml_routes(
    store: Store, resumable: ResumableHandlers, admission: Admission
) -> list[web.RouteDef]:
    """Return the routes. They stand after all others: any path names a bucket or an object."""
    bucket = "/{bucket:[^/]+}"
    xml, multipart = XmlHandlers(store), MultipartHandlers(store)
    form = operation("storage.objects.insert")(xml_problems(FormHandlers(store, admission).upload))
    listing = _chosen(
        _list_operation,
        {"storage.objects.list": xml.list, f"{_UPLOADS}.list": multipart.list_uploads},
    )
    return [
        web.get(bucket, listing),
        web.get(f"{bucket}/", listing),
        web.post(bucket, form),
        web.post(f"{bucket}/", form),
        *_object_routes(f"{bucket}/{{object:(?s:.+)}}", xml, multipart, resumable),
    ]


def _object_routes(
    item: str, xml: XmlHandlers, multipart: MultipartHandlers, resumable: ResumableHandlers
) -> list[web.RouteDef]:
    get = {"storage.objects.get": xml.get, f"{_UPLOADS}.listParts": multipart.list_parts}
    put = {
        "storage.objects.insert": xml.put,
        "storage.objects.copy": xml.put,
        f"{_UPLOADS}.uploadPart": multipart.put_part,
    }
    post = {
        f"{_UPLOADS}.create": multipart.start,
        f"{_UPLOADS}.complete": multipart.complete,
        "storage.objects.insert": _resumable_start(resumable),
    }
    delete = {"storage.objects.delete": xml.delete, f"{_UPLOADS}.abort": multipart.abort}
    return [
        web.get(item, _chosen(_by_upload(*get), get)),
        web.put(item, _chosen(_put_operation, put)),
        web.post(item, _chosen(_post_operation, post)),
        web.delete(item, _chosen(_by_upload(*delete), delete)),
    ]


def _chosen(choose: _Chooser, handlers: Mapping[str, Handler]) -> Handler:
    """A handler that serves several operations: `choose` tells which a request is."""

    @operation(choose, *handlers)
    async def serve(request: web.Request) -> web.StreamResponse:
        return await xml_problems(handlers[choose(request)])(request)

    return serve


def _list_operation(request: web.Request) -> str:
    return f"{_UPLOADS}.list" if "uploads" in request.query else "storage.objects.list"


def _by_upload(without: str, within: str) -> _Chooser:
    return lambda request: within if "uploadId" in request.query else without


def _put_operation(request: web.Request) -> str:
    if "uploadId" in request.query:
        return f"{_UPLOADS}.uploadPart"
    copies = "x-goog-copy-source" in request.headers
    return "storage.objects.copy" if copies else "storage.objects.insert"


def _post_operation(request: web.Request) -> str:
    if "uploads" in request.query:
        return f"{_UPLOADS}.create"
    return f"{_UPLOADS}.complete" if "uploadId" in request.query else "storage.objects.insert"


def _resumable_start(resumable: ResumableHandlers) -> Handler:
    async def start(request: web.Request) -> web.StreamResponse:
        if request.headers.get("x-goog-resumable") == "start":
            return await resumable.start_xml(request)
        message = (
            "A POST to an object starts (?uploads) or completes (?uploadId=…) a multipart upload,"
            " or starts a resumable one (x-goog-resumable: start)."
        )
        raise ApiError(400, "invalid", message)

    return start
