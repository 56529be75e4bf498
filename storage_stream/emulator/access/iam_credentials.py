"""The part of the IAM Credentials API that clients without a private key sign by.

https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
"""

import base64
import binascii
import hashlib

from aiohttp import web

from storage_stream.emulator.access.signers import SignerBook, UnknownSignerError
from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.operations import operation
from storage_stream.emulator.problems import ApiError, json_problems
from storage_stream.emulator.store.names import decode_path_part
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import read_json

_PATH = "/v1/projects/{project:[^/]+}/serviceAccounts/{account:[^/]+}:signBlob"


def sign_blob_route(signers: SignerBook) -> web.RouteDef:
    """``POST …:signBlob``: signs with a private key that was registered."""

    async def sign(request: web.Request) -> web.StreamResponse:
        query = read_query(request)
        account = request.rel_url.raw_path.rpartition("/")[2].removesuffix(":signBlob")
        said = await read_json(request)
        try:
            content = base64.b64decode(said["payload"], validate=True)
        except (KeyError, TypeError, binascii.Error, ValueError) as error:
            message = "payload is wanted, in base64."
            raise ApiError(400, "invalid", message, location="payload") from error
        email = decode_path_part(account)
        try:
            signature = signers.sign(email, content)
        except UnknownSignerError as error:
            raise ApiError(404, "notFound", f"No private key of '{email}' is known.") from error
        key_id = hashlib.sha256(email.encode()).hexdigest()[:40]
        signed = base64.b64encode(signature).decode("ascii")
        return json_answer(query, {"keyId": key_id, "signedBlob": signed})

    return web.post(_PATH, operation("iam.serviceAccounts.signBlob")(json_problems(sign)))
