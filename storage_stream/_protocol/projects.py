"""What belongs to a project: its service account, and HMAC keys, as operations.

https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys and
https://cloud.google.com/storage/docs/json_api/v1/projects/serviceAccount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import page_size_text
from storage_stream._protocol.json_call import json_call
from storage_stream._protocol.names import quote_name
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.pages import Page, page_query, parse_page
from storage_stream._protocol.replies import parse_empty, parse_json
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from storage_stream._protocol.http import Reply
    from storage_stream._protocol.resources import HmacKeyCreated, HmacKeyResource

__all__ = [
    "create_hmac_key",
    "delete_hmac_key",
    "get_hmac_key",
    "get_service_account",
    "list_hmac_keys",
    "update_hmac_key",
]


def get_service_account(project: str) -> Operation[str]:
    """`storage.projects.serviceAccount.get`: the e-mail of the project's Cloud Storage account."""
    return Operation(
        "storage.projects.serviceAccount.get",
        "GET",
        f"{_project(project)}/serviceAccount",
        _parse_email,
        project,
    )


def create_hmac_key(project: str, email: str) -> Operation[HmacKeyCreated]:
    """`storage.projects.hmacKeys.create`. Each time it makes another: never safe to repeat.

    Raises:
        InvalidArgument: No e-mail.
    """
    if not email:
        raise InvalidArgument("an HMAC key belongs to a service account, and its e-mail is empty")
    return Operation(
        "storage.projects.hmacKeys.create",
        "POST",
        f"{_project(project)}/hmacKeys",
        parse_json,
        project,
        (("serviceAccountEmail", email),),
        idempotence=Idempotence.NEVER,
    )


def list_hmac_keys(
    project: str,
    page_token: str | None = None,
    *,
    email: str = "",
    show_deleted: bool = False,
    page_size: int | None = None,
) -> Operation[Page[HmacKeyResource]]:
    """`storage.projects.hmacKeys.list`: one page.

    Args:
        project: Whose keys.
        page_token: Of the page; None for the first.
        email: Only the keys of this service account.
        show_deleted: Also keys that were deleted.
        page_size: Keys a page; None for the service's choice.

    Raises:
        InvalidArgument: No project, or a page without room.
    """
    chosen: dict[str, str | bool] = {
        "serviceAccountEmail": email,
        "showDeletedKeys": show_deleted,
        "maxResults": page_size_text(page_size),
    }
    path, query = f"{_project(project)}/hmacKeys", page_query(chosen, page_token)
    return Operation("storage.projects.hmacKeys.list", "GET", path, parse_page, project, query)


def get_hmac_key(project: str, access_id: str) -> Operation[HmacKeyResource]:
    """`storage.projects.hmacKeys.get`."""
    path = _key_path(project, access_id)
    return Operation("storage.projects.hmacKeys.get", "GET", path, parse_json, project)


def update_hmac_key(
    project: str, access_id: str, state: str, etag: str | None = None
) -> Operation[HmacKeyResource]:
    """`storage.projects.hmacKeys.update`. A repeat is safe when the key's etag is named.

    Raises:
        InvalidArgument: A state that is none.
    """
    if state not in {"ACTIVE", "INACTIVE"}:
        raise InvalidArgument(f"{state!r} is neither ACTIVE nor INACTIVE")
    content: dict[str, Any] = {"state": state} | ({"etag": etag} if etag else {})
    return json_call(
        "storage.projects.hmacKeys.update",
        "PUT",
        _key_path(project, access_id),
        project,
        content,
        idempotence=Idempotence.ALWAYS if etag else Idempotence.IF_ETAG,
    )


def delete_hmac_key(project: str, access_id: str) -> Operation[None]:
    """`storage.projects.hmacKeys.delete`: of an inactive one. A repeat is always safe."""
    path = _key_path(project, access_id)
    return Operation("storage.projects.hmacKeys.delete", "DELETE", path, parse_empty, project)


def _key_path(project: str, access_id: str) -> str:
    return f"{_project(project)}/hmacKeys/{_segment('access id', access_id)}"


def _project(project: str) -> str:
    return f"/storage/v1/projects/{_segment('project', project)}"


def _segment(what: str, text: str) -> str:
    """One segment of a path.

    Raises:
        InvalidArgument: It is empty, or a step in a path.
    """
    if text in {"", ".", ".."}:
        raise InvalidArgument(f"{text!r} is not a {what}")
    return quote_name(text)


def _parse_email(reply: Reply) -> str:
    email: Any = parse_json(reply).get("email_address")
    if not isinstance(email, str):
        raise ProtocolError("the answer names no service account")
    return email
