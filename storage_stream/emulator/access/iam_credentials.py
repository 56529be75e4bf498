"""What clients without a private key sign by: signBlob, and who the machine is.

These are parts of the IAM Credentials API and of a machine's metadata server.

https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
"""

import asyncio
import base64
import binascii
import hashlib

from aiohttp import web

from storage_stream.emulator.access.signers import DEFAULT_ACCOUNT, SignerBook, UnknownSignerError
from storage_stream.emulator.json_api.answers import json_answer
from storage_stream.emulator.operations import operation
from storage_stream.emulator.problems import ApiError, json_problems
from storage_stream.emulator.store.names import decode_path_part
from storage_stream.emulator.wire.query import read_query
from storage_stream.emulator.wire.request_reading import read_json

METADATA_OPERATION = "metadata.serviceAccounts.email"
"""What faults and the log call the metadata server's path. It needs no token, as on a machine."""

_FLAVOR = ("Metadata-Flavor", "Google")
_METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/email"
_SIGN_BLOB_PATH = "/v1/projects/{project:[^/]+}/serviceAccounts/{account:[^/]+}:signBlob"


def sign_blob_route(signers: SignerBook) -> web.RouteDef:
    """`POST …:signBlob`: signs with a private key that was registered."""

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
            await asyncio.to_thread(signers.prepare, email)
            signature = signers.sign(email, content)
        except UnknownSignerError as error:
            message = f"No private key of '{email}' is known: register one at /_emulator/keys."
            raise ApiError(404, "notFound", message) from error
        key_id = hashlib.sha256(email.encode()).hexdigest()[:40]
        signed = base64.b64encode(signature).decode("ascii")
        return json_answer(query, {"keyId": key_id, "signedBlob": signed})

    return web.post(_SIGN_BLOB_PATH, operation("iam.serviceAccounts.signBlob")(json_problems(sign)))


def machine_route() -> web.RouteDef:
    """`GET …/default/email` of the metadata server: whose machine this is."""

    async def email(request: web.Request) -> web.StreamResponse:
        if request.headers.get(_FLAVOR[0]) != _FLAVOR[1]:
            return web.Response(status=403, text="Missing Metadata-Flavor:Google header.")
        return web.Response(text=DEFAULT_ACCOUNT, headers=dict([_FLAVOR]))

    return web.get(_METADATA_PATH, operation(METADATA_OPERATION)(email))
