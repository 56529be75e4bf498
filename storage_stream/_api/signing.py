"""Signed URLs and forms: what somebody without credentials may do for a while."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from storage_stream._api.base import ApiBase
from storage_stream._protocol.post_policy import PostPolicy, SignedPostPolicy
from storage_stream._protocol.signing import SigningIdentity, SignRequest
from storage_stream._protocol.signing_address import SigningAddress
from storage_stream._transport.credentials import SharedToken, check_token_source

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from storage_stream._api.client_parts import ClientParts
    from storage_stream._transport.credentials import TokenSource
    from storage_stream._transport.signers import Signer

__all__ = ["Signing"]


class Signing(ApiBase):
    """Signed URLs and forms."""

    def __init__(self, parts: ClientParts) -> None:
        super().__init__(parts)
        self._signing = parts.signing

    async def get_signed_url(  # noqa: PLR0913 - those of gcloud-aio-storage's Blob
        self,
        bucket: str,
        object_name: str | None,
        expiration: int,
        *,
        headers: Mapping[str, Any] | None = None,
        query_params: Mapping[str, Any] | None = None,
        http_method: str = "GET",
        iam_client: Any = None,
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        address: SigningAddress | None = None,
    ) -> str:
        """A URL that lets whoever has it do one thing, for a while.

        No request with a service account's key; otherwise one for each URL (IAM signs), and one
        more, once, to the machine's metadata server where the credentials name no account. For an
        emulator's client, both go to the emulator.
        https://cloud.google.com/storage/docs/access-control/signed-urls

        Args:
            bucket: The bucket.
            object_name: The object; None for the bucket itself, to list it.
            expiration: Seconds for which it holds, 1 to 604,800 (seven days).
            headers: Headers that have to be sent with it exactly so.
            query_params: Query parameters of the request; None for an empty value.
            http_method: What it allows. POST begins a resumable upload, and needs the header
                `x-goog-resumable: start`.
            iam_client: A `gcloud.aio.auth.IamClient` to sign by, where there is no key.
            service_account_email: The account to sign as, where there is no key.
            token: What gives access tokens, in place of the client's.
            session: An `aiohttp.ClientSession` for the request to IAM; it stays open.
            address: Where the URL leads, and where the bucket stands in it; None for the
                client's address in path style.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: An expiration, method, header or host that cannot be.
            CredentialsError: No account to sign as, or it cannot.
            TypeError: A token that cannot be asked for one.
        """
        async with self._signer(iam_client, service_account_email, token, session) as signer:
            request = SignRequest.of(
                http_method,
                bucket,
                object_name,
                identity=SigningIdentity(signer.email, self._moment()),
                expiration=expiration,
                address=address or SigningAddress.of(self._signing.root),
                headers=headers,
                query=query_params,
            )
            return request.url(await signer.sign(request.string_to_sign.encode()))

    async def generate_signed_post_policy(
        self,
        bucket: str,
        object_name: str,
        expiration: int,
        *,
        fields: Mapping[str, str] | None = None,
        conditions: Sequence[Mapping[str, str] | Sequence[str | int]] = (),
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        address: SigningAddress | None = None,
    ) -> SignedPostPolicy:
        """The address and hidden fields of an HTML form by which a browser uploads an object.

        As many requests as `get_signed_url`.
        https://cloud.google.com/storage/docs/xml-api/post-object-forms

        Args:
            bucket: The bucket.
            object_name: The object; `${filename}` in it stands for the name of the user's file.
            expiration: Seconds for which the form holds, 1 to 604,800.
            fields: Further fields (`content-type`, `success_action_redirect`, `x-goog-meta-…`).
            conditions: Further conditions: `["starts-with", "$content-type", "image/"]`,
                `["content-length-range", 0, 10_000_000]`, `{"acl": "private"}`.
            service_account_email: See `get_signed_url`.
            token: See `get_signed_url`.
            session: See `get_signed_url`.
            address: See `get_signed_url`.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: An expiration, field or condition that cannot be.
            CredentialsError: No account to sign as, or it cannot.
        """
        async with self._signer(None, service_account_email, token, session) as signer:
            policy = PostPolicy.of(
                bucket,
                object_name,
                identity=SigningIdentity(signer.email, self._moment()),
                expiration=expiration,
                address=address or SigningAddress.of(self._signing.root),
                fields=fields,
                conditions=conditions,
            )
            return policy.form(await signer.sign(policy.string_to_sign.encode()))

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._signing.surroundings.clock.wall(), UTC)

    @asynccontextmanager
    async def _signer(
        self, iam_client: Any, email: str | None, token: TokenSource | None, session: Any
    ) -> AsyncGenerator[Signer]:
        parts, around = self._signing, self._signing.surroundings
        options = self._options({"session": session})
        check_token_source(token)
        own = token is None
        source: Any = parts.source() if own else token
        credentials = (
            parts.credentials if own else SharedToken(lambda: source, around.clock, around.random)
        )
        try:
            yield await parts.signers.find(
                source, credentials, email=email, iam_client=iam_client, options=options
            )
        finally:
            if not own:
                await credentials.close()
