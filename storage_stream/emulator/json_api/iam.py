"""A bucket's IAM policy: kept and given back, never enforced.

https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy
"""

from dataclasses import replace

from aiohttp import web

from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store import bucket_rows
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.records import BucketRecord, Json
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import bucket_name, read_json, require_payer
from storage_stream.emulator.wire.resources import etag

_REQUESTED = "optionsRequestedPolicyVersion"
_VERSIONS = {0, 1, 3}  # https://cloud.google.com/iam/docs/policies#versions
_KEPT = ("bindings", "version")


class IamHandlers:
    """The handlers of `/storage/v1/b/{bucket}/iam` and of the project's service account."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`buckets.getIamPolicy`."""
        query = read_query(request, (_REQUESTED,))
        if query.integer(_REQUESTED) not in {None, *_VERSIONS}:
            raise ApiError(400, "invalid", "There is no such policy version.", location=_REQUESTED)
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        return json_answer(query, _policy(bucket))

    async def set(self, request: web.Request) -> web.StreamResponse:
        """`buckets.setIamPolicy`: an etag that is sent must be the current one."""
        query = read_query(request)
        name = bucket_name(request)
        await self._store.bucket(name)
        policy = await read_json(request)
        if not isinstance(policy.get("bindings", []), list):
            raise ApiError(400, "invalid", "Invalid value for field 'bindings'.")
        if policy.get("version", 1) not in _VERSIONS:
            raise ApiError(400, "invalid", "Invalid value for field 'version'.")

        def work(change: Change) -> BucketRecord:
            bucket = bucket_rows.get_bucket(change.connection, name)
            require_payer(request, query, bucket)
            if policy.get("etag", _tag(bucket)) != _tag(bucket):
                message = "The etag of the policy is not the current one."
                raise ApiError(412, "conditionNotMet", message)
            kept: Json = {name: policy[name] for name in _KEPT if name in policy}
            updated = replace(bucket, policy=kept, policy_version=bucket.policy_version + 1)
            bucket_rows.put_bucket(change.connection, updated)
            return updated

        return json_answer(query, _policy(await self._store.change(work)))

    async def test(self, request: web.Request) -> web.StreamResponse:
        """`buckets.testIamPermissions`: everyone may do everything here."""
        query = read_query(request, ("permissions",))
        query.required("permissions")
        bucket = await self._store.bucket(bucket_name(request))
        require_payer(request, query, bucket)
        return json_answer(
            query,
            {
                "kind": "storage#testIamPermissionsResponse",
                "permissions": query.lists["permissions"],
            },
        )

    async def service_account(self, request: web.Request) -> web.StreamResponse:
        """`projects.serviceAccount.get`."""
        query = read_query(request)
        number = self._settings.project_number
        return json_answer(
            query,
            {
                "kind": "storage#serviceAccount",
                "email_address": f"service-{number}@gs-project-accounts.iam.gserviceaccount.com",
            },
        )


def _policy(bucket: BucketRecord) -> Json:
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        "version": 1,
        "etag": _tag(bucket),
    } | bucket.policy


def _tag(bucket: BucketRecord) -> str:
    return etag(bucket.generation, bucket.policy_version)
