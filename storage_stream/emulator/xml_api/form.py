"""Uploads by HTML forms: `POST /bucket` with `multipart/form-data`, signed by a policy.

https://cloud.google.com/storage/docs/xml-api/post-object-forms
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.access.post_policy import PostPolicy
from storage_stream.emulator.access.signed_urls import (
    parse_algorithm,
    parse_credential,
    parse_signature,
    verify,
)
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.encryption import key_of
from storage_stream.emulator.store.names import check_object_name
from storage_stream.emulator.store.preconditions import NO_PRECONDITIONS
from storage_stream.emulator.store.records import ObjectRecord
from storage_stream.emulator.store.store import Store
from storage_stream.emulator.wire.body_streams import object_bytes, read_frame
from storage_stream.emulator.wire.media import xml_etag
from storage_stream.emulator.wire.multipart_related import boundary_of
from storage_stream.emulator.wire.request_reading import require_payer
from storage_stream.emulator.wire.uploads import commit_upload, receive
from storage_stream.emulator.xml_api.answers import bucket_part, xml_answer
from storage_stream.emulator.xml_api.documents import HEAD, element, escape
from storage_stream.emulator.xml_api.form_body import FormBody, FormFile
from storage_stream.emulator.xml_api.headers import put_metadata
from storage_stream.emulator.xml_api.queries import read_xml_query

CREATED, NO_CONTENT, SEE_OTHER = 201, 204, 303

_FILENAME = "${filename}"


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a form that was let in."""

    fields: dict[str, str]
    name: str
    policy: PostPolicy | None


class FormHandlers:
    """The handler of `POST /{bucket}`."""

    def __init__(self, store: Store, admission: Admission) -> None:
        self._store = store
        self._admission = admission

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Store the file if its policy allows it."""
        query = read_xml_query(request)
        bucket = bucket_part(request)
        require_payer(request, query, await self._store.bucket(bucket))
        boundary = boundary_of(request.headers.get("Content-Type", ""), "form-data")
        async with aclosing(read_frame(request)) as pieces:
            body = FormBody(pieces, boundary)
            file = await body.read_fields()
            form = self._let_in(bucket, body.fields, file)
            item = await self._store_file(request, bucket, form, file, body.file())
        return _answer(request, form.fields, item)

    def _let_in(self, bucket: str, fields: dict[str, str], file: FormFile) -> _Form:
        policy = self._policy(bucket, fields)
        if not fields.get("key"):
            message = "The form has no field 'key'."
            raise ApiError(400, "userKeyMustBeSpecified", message, location="key")
        return _Form(fields, fields["key"].replace(_FILENAME, file.filename), policy)

    def _policy(self, bucket: str, fields: dict[str, str]) -> PostPolicy | None:
        encoded = fields.get("policy")
        if encoded is None:
            if self._admission.tokens.required:
                raise ApiError(403, "forbidden", "Access denied: the form carries no policy.")
            return None
        verify(
            self._admission.signers,
            parse_algorithm(fields.get("x-goog-algorithm")),
            parse_credential(fields.get("x-goog-credential")),
            encoded,
            parse_signature(fields.get("x-goog-signature")),
        )
        policy = PostPolicy.parse(encoded)
        policy.judge(fields, bucket, self._admission.clock.seconds())
        return policy

    async def _store_file(
        self,
        request: web.Request,
        bucket: str,
        form: _Form,
        file: FormFile,
        content: AsyncGenerator[bytes, None],
    ) -> ObjectRecord:
        headers = CIMultiDict(form.fields)
        if file.content_type is not None:
            headers.setdefault("Content-Type", file.content_type)
        metadata, key_sha256 = put_metadata(headers), key_of(headers)
        name = check_object_name(form.name)
        pieces = object_bytes(request, _measured(content, form.policy))
        body = await receive(self._store, pieces, [])
        return await commit_upload(
            self._store, bucket, name, body, metadata, NO_PRECONDITIONS, key_sha256=key_sha256
        )


async def _measured(
    content: AsyncGenerator[bytes, None], policy: PostPolicy | None
) -> AsyncGenerator[bytes, None]:
    """Give the pieces; end as soon as they are more than the policy allows.

    Raises:
        ApiError: 400, the file is too long or too short.
    """
    size = 0
    async with aclosing(content):
        async for piece in content:
            size += len(piece)
            if policy is not None and policy.max_bytes is not None and size > policy.max_bytes:
                policy.check_size(size)
            yield piece
    if policy is not None:
        policy.check_size(size)


def _answer(request: web.Request, fields: dict[str, str], item: ObjectRecord) -> web.Response:
    tag = xml_etag(item)
    redirect = fields.get("success_action_redirect")
    if redirect:
        said = urlencode({"bucket": item.bucket, "key": item.name, "etag": tag})
        target = f"{redirect}{'&' if '?' in redirect else '?'}{said}"
        return web.Response(status=SEE_OTHER, headers={"Location": target, "ETag": tag})
    url = f"{request.scheme}://{request.host}/{item.bucket}/{quote(item.name, safe='/~')}"
    headers = {"Location": url, "ETag": tag}
    status = fields.get("success_action_status", "")
    if status != str(CREATED):
        return web.Response(status=200 if status == "200" else NO_CONTENT, headers=headers)
    document = "".join(
        element(name, escape(value))
        for name, value in (
            ("Location", url),
            ("Bucket", item.bucket),
            ("Key", item.name),
            ("ETag", tag),
        )
    )
    answer = xml_answer(f"{HEAD}<PostResponse>{document}</PostResponse>")
    answer.set_status(CREATED)
    answer.headers.update(headers)
    return answer
