"""Who comes in: bearers of a token, and of a signed URL.

It joins the two, and refuses to know how either is judged.
"""

from dataclasses import dataclass

from aiohttp import web

from storage_stream.emulator.access.iam_credentials import METADATA_OPERATION
from storage_stream.emulator.access.signed_urls import is_signed, judge_signed_url
from storage_stream.emulator.access.signers import SignerBook
from storage_stream.emulator.access.tokens import TokenBook
from storage_stream.emulator.clock import Clock
from storage_stream.emulator.operations import operation_of
from storage_stream.emulator.problems import ApiError, api_error, xml_error


@dataclass(frozen=True, slots=True)
class Admission:
    """The judges of every request."""

    tokens: TokenBook
    signers: SignerBook
    clock: Clock

    def refusal_of(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request that may not come in; `None` if it may.

        A signature is verified whether or not requests need to show anything: whoever sends a
        signed URL wants to know that it is right.
        """
        if is_signed(request):
            try:
                judge_signed_url(request, self.signers, self.clock)
            except ApiError as error:
                return xml_error(error)
            return None
        if operation_of(request) == METADATA_OPERATION:
            return None
        problem = self.tokens.problem_of(request)
        return None if problem is None else unauthorized(problem)


def unauthorized(message: str) -> web.Response:
    """401 as the service words it, with the challenge that HTTP asks for (RFC 9110, 11.6.1)."""
    refusal = api_error(401, "authError", message, location="Authorization")
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="storage", error="invalid_token"'
    return refusal
