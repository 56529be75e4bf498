"""The two requests by which an account without a key at hand signs: whose, and please sign.

https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
and https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys. Neither goes to the
storage service; which hosts they go to is not known here.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from storage_stream._protocol.http import Headers
from storage_stream._protocol.operation import Operation
from storage_stream._protocol.replies import parse_json
from storage_stream._protocol.signing import check_email
from storage_stream.errors import InvalidArgument, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream._protocol.http import Reply

__all__ = ["own_email", "sign_blob", "signature_of"]

_FLAVOR = ("metadata-flavor", "Google")


def sign_blob(email: str, data: bytes, delegates: Sequence[str] = ()) -> Operation[bytes]:
    """Sign bytes with a key of the service account that the service itself keeps.

    Args:
        email: The account.
        data: What is signed.
        delegates: E-mail addresses of the accounts by which the caller becomes it, in order.

    Raises:
        InvalidArgument: No address of a service account.
    """
    chain = [_resource(delegate) for delegate in delegates]
    body = {"payload": base64.b64encode(data).decode(), **({"delegates": chain} if chain else {})}
    return Operation(
        "iamcredentials.projects.serviceAccounts.signBlob",
        "POST",
        f"/v1/{quote(_resource(email), safe='/@')}:signBlob",
        lambda reply: signature_of(parse_json(reply)),
        f"serviceAccounts/{email}",
        headers=Headers([("content-type", "application/json")]),
        body=json.dumps(body).encode(),
    )


def own_email() -> Operation[str]:
    """The e-mail address of the account that this machine runs as, by its metadata server."""
    return Operation(
        "metadata.instance.serviceAccounts.email",
        "GET",
        "/computeMetadata/v1/instance/service-accounts/default/email",
        _email,
        "serviceAccounts/default",
        headers=Headers([_FLAVOR]),
    )


def _resource(email: str) -> str:
    return f"projects/-/serviceAccounts/{check_email(email)}"


def signature_of(answer: Any) -> bytes:
    """The signature in an answer to signBlob, in either alphabet of base64.

    Raises:
        ProtocolError: There is none.
    """
    try:
        text: str = answer["signedBlob"].replace("-", "+").replace("_", "/")
        signature = base64.b64decode(text, validate=True)
    except (KeyError, TypeError, AttributeError, ValueError):
        signature = b""
    if not signature:
        raise ProtocolError("the answer to signBlob holds no signature")
    return signature


def _email(reply: Reply) -> str:
    # Whoever answers by that name without this header is a router or a captive portal.
    if reply.headers.get(_FLAVOR[0]) != _FLAVOR[1]:
        raise ProtocolError("what answered is not a metadata server")
    try:
        return check_email(reply.body.decode().strip())
    except (InvalidArgument, UnicodeDecodeError):
        raise ProtocolError("the metadata server gave no e-mail address") from None
