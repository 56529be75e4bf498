"""A file of credentials: read and checked before anything is asked for with it.

gcloud-aio-auth takes what it cannot read for "no file", and then asks the machine's metadata
server; what lacks a field fails later, by the field's name. Here each is told in a sentence, and
nothing is sent. What a token costs, and who gives it, is not known here.
https://google.aip.dev/auth/4110
"""

from __future__ import annotations

import json
import os
from typing import IO, Any, cast

from storage_stream._protocol.replies import without_secrets
from storage_stream.errors import CredentialsError

__all__ = ["VARIABLE", "read_service_file"]

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"

_BY_GOOGLE_AUTH = (
    "google-auth does: install storage-stream[google-auth] and pass "
    "token=await storage_stream.integrations.google_auth.GoogleAuthToken.default(), "
    f"with {VARIABLE} naming the file"
)
_INSTEAD = (
    "download the key file of a service account, or log in with "
    "`gcloud auth application-default login` and name none"
)
_USER = ("client_id", "client_secret", "refresh_token")
_FIELDS = {
    "service_account": ("client_email", "private_key"),
    "authorized_user": _USER,
    "impersonated_service_account": ("service_account_impersonation_url", "source_credentials"),
    "external_account": ("audience", "credential_source", "subject_token_type", "token_url"),
}
_FOREIGN_TYPES = {"external_account_authorized_user", "gdch_service_account"}


def read_service_file(service_file: str | os.PathLike[str] | IO[Any] | None) -> dict[str, Any]:
    """What the file says; of None, that which the environment names.

    Args:
        service_file: A path or an open file.

    Returns:
        Its fields, complete for their type; none where no file is named.

    Raises:
        CredentialsError: It cannot be read, or no token can be had with it, and what to do.
    """
    named: Any = service_file or os.environ.get(VARIABLE)
    if not named:
        return {}
    name = f"service_file={_shown(named)}" if service_file else f"{VARIABLE}={_shown(named)}"
    fields = _parsed(_read(named, name), name)
    kind = fields.get("type")
    if isinstance(kind, str) and kind in _FOREIGN_TYPES:
        raise CredentialsError(
            f"{name}: gcloud-aio-auth does not know the type {kind}; {_BY_GOOGLE_AUTH}"
        )
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise CredentialsError(
            f"{name} holds no credentials: its type is {_shown_type(kind)}, not one of "
            f"{', '.join(sorted(_FIELDS))}; {_INSTEAD}"
        )
    _check_fields(fields, _FIELDS[kind], name, kind)
    _check_kind(fields, kind, name)
    return fields


def _read(named: Any, name: str) -> str | bytes:
    try:
        if isinstance(named, str | os.PathLike):
            with open(cast("str", named), "rb") as file:  # noqa: PTH123 - as given
                return file.read()
        content: str | bytes = named.read()
    except FileNotFoundError:
        raise CredentialsError(f"{name}: there is no such file") from None
    except OSError as error:
        raise CredentialsError(f"{name} cannot be read: {error.strerror or error}") from error
    except (AttributeError, ValueError) as error:  # no file, or a closed one
        raise CredentialsError(f"{name} cannot be read: give a path or an open file") from error
    return content


def _parsed(content: str | bytes, name: str) -> dict[str, Any]:
    fields: Any = None
    try:
        fields = json.loads(content)
    except (ValueError, TypeError, RecursionError):
        fields = None  # what the parser says may quote the key, so it is not passed on
    if not isinstance(fields, dict):
        raise CredentialsError(
            f"{name} holds no credentials: it is not a JSON object, as a key file is; {_INSTEAD}"
        )
    return cast("dict[str, Any]", fields)


def _check_fields(fields: dict[str, Any], wanted: tuple[str, ...], name: str, kind: str) -> None:
    missing = [field for field in wanted if not fields.get(field)]
    if missing:
        raise CredentialsError(
            f"{name}: credentials of the type {kind} lack {', '.join(missing)}; "
            "download or make the file anew"
        )


def _check_kind(fields: dict[str, Any], kind: str, name: str) -> None:
    if kind == "service_account":
        key = fields["private_key"]
        if not isinstance(key, str) or "PRIVATE KEY-----" not in key:
            raise CredentialsError(f"{name}: its private_key is no PEM; download the file anew")
    elif kind == "external_account":
        _check_source(fields["credential_source"], name)
    elif kind == "impersonated_service_account":
        source = fields["source_credentials"]
        if not isinstance(source, dict) or cast("Any", source).get("type") != "authorized_user":
            raise CredentialsError(
                f"{name}: gcloud-aio-auth impersonates by a user's alone; {_BY_GOOGLE_AUTH}"
            )
        _check_fields(cast("dict[str, Any]", source), _USER, name, "authorized_user")


def _check_source(source: Any, name: str) -> None:
    fields = cast("dict[str, Any]", source) if isinstance(source, dict) else {}
    is_aws = str(fields.get("environment_id", "")).startswith("aws")
    known = {"file", "url"} & fields.keys() or fields.get("type") == "environment"
    if is_aws or "executable" in fields or not known:
        kind = "AWS's" if is_aws else "this"
        raise CredentialsError(
            f"{name}: gcloud-aio-auth does not know {kind} workload identity; {_BY_GOOGLE_AUTH}"
        )


def _shown(named: Any) -> str:
    if isinstance(named, str | os.PathLike):
        return without_secrets(repr(os.fspath(cast("str", named))))
    return f"<{type(named).__name__}>"


def _shown_type(kind: Any) -> str:
    return "missing" if kind is None else without_secrets(repr(kind))
