"""The table of routes: which method and path is which operation of the service.

https://cloud.google.com/storage/docs/json_api/v1
"""

from aiohttp import web

from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.access.iam_credentials import machine_route, sign_blob_route
from storage_stream.emulator.json_api.access_lists import AccessHandlers
from storage_stream.emulator.json_api.batch import BatchHandlers, ServeCall
from storage_stream.emulator.json_api.buckets import BucketHandlers
from storage_stream.emulator.json_api.copies import CopyHandlers
from storage_stream.emulator.json_api.hmac_keys import HmacKeyHandlers
from storage_stream.emulator.json_api.iam import IamHandlers
from storage_stream.emulator.json_api.insert import InsertHandlers
from storage_stream.emulator.json_api.media import MediaHandlers
from storage_stream.emulator.json_api.notifications import NotificationHandlers
from storage_stream.emulator.json_api.objects import ObjectHandlers
from storage_stream.emulator.json_api.resumable import ResumableHandlers
from storage_stream.emulator.operations import operation
from storage_stream.emulator.problems import (
    ApiError,
    Handler,
    json_problems,
    media_problems,
)
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.xml_api.routes import xml_routes

_BUCKET = "/storage/v1/b/{bucket:[^/]+}"
_OBJECTS = f"{_BUCKET}/o"
_OBJECT = f"{_OBJECTS}/{{object:[^/]+}}"
_DOWNLOAD = f"/download{_OBJECT}"
_UPLOAD = f"/upload{_OBJECTS}"


def service_routes(
    store: Store, settings: Settings, admission: Admission, serve_call: ServeCall
) -> list[web.RouteDef]:
    """Return every route of the service, each marked with its operation.

    Args:
        store: opened before the first request.
        settings: what the emulator was told at its start.
        admission: judges the policies of forms.
        serve_call: what stands around every call of a batch.
    """
    return [
        *_bucket_routes(BucketHandlers(store, settings), IamHandlers(store, settings)),
        *_object_routes(store, settings),
        *_copy_routes(CopyHandlers(store, settings)),
        *_upload_routes(store, settings),
        *_hmac_key_routes(HmacKeyHandlers(store)),
        *_notification_routes(NotificationHandlers(store)),
        *_access_routes(AccessHandlers(store, settings)),
        web.post("/batch/storage/v1", _json("storage.batch", BatchHandlers(serve_call).batch)),
        sign_blob_route(admission.signers),
        machine_route(),
        *xml_routes(store, ResumableHandlers(store, settings), admission),
    ]


def _bucket_routes(buckets: BucketHandlers, iam: IamHandlers) -> list[web.RouteDef]:
    account = "/storage/v1/projects/{project:[^/]+}/serviceAccount"
    return [
        web.get("/storage/v1/b", _json("storage.buckets.list", buckets.list)),
        web.post("/storage/v1/b", _json("storage.buckets.insert", buckets.insert)),
        web.get(_BUCKET, _json("storage.buckets.get", buckets.get)),
        web.patch(_BUCKET, _json("storage.buckets.patch", buckets.patch)),
        web.put(_BUCKET, _json("storage.buckets.update", buckets.update)),
        web.delete(_BUCKET, _json("storage.buckets.delete", buckets.delete)),
        web.post(
            f"{_BUCKET}/lockRetentionPolicy",
            _json("storage.buckets.lockRetentionPolicy", buckets.lock_retention_policy),
        ),
        web.get(f"{_BUCKET}/iam", _json("storage.buckets.getIamPolicy", iam.get)),
        web.put(f"{_BUCKET}/iam", _json("storage.buckets.setIamPolicy", iam.set)),
        web.get(
            f"{_BUCKET}/iam/testPermissions",
            _json("storage.buckets.testIamPermissions", iam.test),
        ),
        web.get(account, _json("storage.projects.serviceAccount.get", iam.service_account)),
    ]


def _object_routes(store: Store, settings: Settings) -> list[web.RouteDef]:
    objects, media = ObjectHandlers(store, settings), MediaHandlers(store)
    get_media, get_metadata = media_problems(media.get), json_problems(objects.get)

    async def get(request: web.Request) -> web.StreamResponse:
        asks_for_media = request.query.get("alt") == "media"
        return await (get_media if asks_for_media else get_metadata)(request)

    return [
        web.get(_OBJECTS, _json("storage.objects.list", objects.list)),
        web.get(_OBJECT, operation("storage.objects.get")(get)),
        web.get(_DOWNLOAD, operation("storage.objects.get")(get)),
        web.patch(_OBJECT, _json("storage.objects.patch", objects.patch)),
        web.put(_OBJECT, _json("storage.objects.update", objects.update)),
        web.delete(_OBJECT, _json("storage.objects.delete", objects.delete)),
        web.post(f"{_OBJECT}/restore", _json("storage.objects.restore", objects.restore)),
    ]


def _copy_routes(copies: CopyHandlers) -> list[web.RouteDef]:
    other = "b/{target_bucket:[^/]+}/o/{target:[^/]+}"
    return [
        web.post(f"{_OBJECT}/compose", _json("storage.objects.compose", copies.compose)),
        web.post(f"{_OBJECT}/copyTo/{other}", _json("storage.objects.copy", copies.copy)),
        web.post(f"{_OBJECT}/rewriteTo/{other}", _json("storage.objects.rewrite", copies.rewrite)),
        web.post(
            f"{_OBJECT}/moveTo/o/{{target:[^/]+}}", _json("storage.objects.move", copies.move)
        ),
    ]


def _hmac_key_routes(keys: HmacKeyHandlers) -> list[web.RouteDef]:
    every = "/storage/v1/projects/{project:[^/]+}/hmacKeys"
    one = f"{every}/{{access_id:[^/]+}}"
    return [
        web.post(every, _json("storage.projects.hmacKeys.create", keys.create)),
        web.get(every, _json("storage.projects.hmacKeys.list", keys.list)),
        web.get(one, _json("storage.projects.hmacKeys.get", keys.get)),
        web.put(one, _json("storage.projects.hmacKeys.update", keys.update)),
        web.delete(one, _json("storage.projects.hmacKeys.delete", keys.delete)),
    ]


def _notification_routes(notifications: NotificationHandlers) -> list[web.RouteDef]:
    every = f"{_BUCKET}/notificationConfigs"
    one = f"{every}/{{number:[^/]+}}"
    return [
        web.post(every, _json("storage.notifications.insert", notifications.insert)),
        web.get(every, _json("storage.notifications.list", notifications.list)),
        web.get(one, _json("storage.notifications.get", notifications.get)),
        web.delete(one, _json("storage.notifications.delete", notifications.delete)),
    ]


def _access_routes(access: AccessHandlers) -> list[web.RouteDef]:
    lists = (
        (f"{_BUCKET}/acl", "storage.bucketAccessControls", access.of_bucket),
        (f"{_BUCKET}/defaultObjectAcl", "storage.defaultObjectAccessControls", access.default),
        (f"{_OBJECT}/acl", "storage.objectAccessControls", access.of_object),
    )
    return [
        route
        for path, name, handler in lists
        for route in (
            web.get(path, _json(f"{name}.list", handler)),
            web.get(f"{path}/{{entity:[^/]+}}", _json(f"{name}.get", handler)),
        )
    ]


def _upload_routes(store: Store, settings: Settings) -> list[web.RouteDef]:
    insert = InsertHandlers(store, settings)
    resumable = ResumableHandlers(store, settings)
    by_type = {
        "media": insert.media,
        "multipart": insert.multipart,
        "resumable": resumable.start,
    }

    async def start(request: web.Request) -> web.StreamResponse:
        if "upload_id" in request.query:  # the service takes a session's chunks by POST as well
            return await resumable.put(request)
        kind = request.query.get("uploadType", "")
        if kind not in by_type:
            message = f"Invalid value for uploadType: '{kind}'"
            raise ApiError(400, "invalidParameter", message, location="uploadType")
        return await by_type[kind](request)

    return [
        web.post(_OBJECTS, _json("storage.objects.insert", insert.metadata_only)),
        web.post(_UPLOAD, _json("storage.objects.insert", start)),
        web.put(_UPLOAD, _json("storage.objects.insert", resumable.put)),
        web.delete(_UPLOAD, _json("storage.objects.insert", resumable.delete)),
    ]


def _json(name: str, handler: Handler) -> Handler:
    return operation(name)(json_problems(handler))
