"""Who makes signatures: a key at hand, the IAM Credentials API, or a client of the caller's.

A service account's key file signs here, without a request. Everybody else (a machine on Google
Cloud, an impersonated account, a user who may) asks IAM to sign, on a host of its own to which a
second `Sender` leads. What is signed is not known here.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from storage_stream._protocol.iam_credentials import own_email, sign_blob, signature_of
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.replies import without_secrets
from storage_stream._protocol.retry import RetryPolicy, is_transient
from storage_stream._protocol.signing import check_email
from storage_stream._transport.credentials import Anonymous, Credentials
from storage_stream._transport.sender import Sender
from storage_stream._transport.token_account import (
    email_of,
    kind_of,
    may_be_the_machine,
    service_data_of,
    signs_itself,
)
from storage_stream.errors import (
    CredentialsError,
    InvalidArgument,
    ProtocolError,
    ResponseError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from storage_stream._transport.base import Transport
    from storage_stream._transport.clock import Clock

__all__ = ["IamClientSigner", "IamSigner", "KeySigner", "Signer", "Signers", "SourceSigner"]

IAM_ROOT = "https://iamcredentials.googleapis.com"
_METADATA_HOST = "metadata.google.internal"
# A machine that is not Google's has no such server, and should hear so soon.
_METADATA_RETRY = RetryPolicy(retries=2, initial_delay=0.5, max_delay=1.0)
_METADATA_TIMEOUT = 3.0  # seconds; it stands next to the machine


class Signer(Protocol):
    """What signs for one service account."""

    @property
    def email(self) -> str:
        """The account's e-mail address."""
        ...

    async def sign(self, data: bytes) -> bytes:
        """The RSASSA-PKCS1-v1_5 signature with SHA-256.

        Raises:
            CredentialsError: There is none to be had.
        """
        ...


class KeySigner:
    """Signs with a private key, without a request.

    The key is read at the first signature, in a thread: that takes tens of milliseconds; each
    signature takes one.

    Args:
        email: The service account it belongs to.
        private_key: The key as PEM text, RSA and not encrypted.

    Raises:
        InvalidArgument: No address of a service account.
    """

    def __init__(self, email: str, private_key: str) -> None:
        self.email = check_email(email)
        self._pem = private_key
        self._key: RSAPrivateKey | None = None

    def has_key(self, email: str, private_key: str) -> bool:
        """Whether it is the signer that these would make."""
        return (self.email, self._pem) == (email, private_key)

    async def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`. Cancelling loses nothing."""
        if self._key is None:
            self._key = await asyncio.to_thread(_loaded, self._pem, self.email)
        return _signature(self._key, data)


def sign_with_pem(pem: str, data: bytes) -> bytes:
    """A signature with a key that is at hand, without an account.

    Raises:
        InvalidArgument: It is no RSA key in plain PEM. The message does not hold it.
    """
    try:
        return _signature(_loaded(pem, "nobody"), data)
    except CredentialsError:
        raise InvalidArgument("the private key is no RSA key in plain PEM") from None


def _signature(key: RSAPrivateKey, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as in _loaded
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - the same

    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _loaded(pem: str, email: str) -> RSAPrivateKey:
    # Takes longer to import than all the rest, and only who signs needs it.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key: object = None
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # what the parser says quotes bytes of the key, so it is not passed on
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CredentialsError(f"the private key of {email} is no RSA key in plain PEM")
    return key


class IamSigner:
    """Signs by the IAM Credentials API. One request for each signature.

    The access token must be of the scope `cloud-platform` or `iam`, and whom it belongs to needs
    `iam.serviceAccounts.signBlob` on the account (the role Service Account Token Creator).

    Args:
        sender: Leads to the API.
        email: The service account to sign as.
        options: Timeouts, repeats and session of the requests.
        delegates: E-mail addresses of the accounts by which the caller becomes it, in order.

    Raises:
        InvalidArgument: No address of a service account.
    """

    def __init__(
        self,
        sender: Sender,
        email: str,
        options: RequestOptions | None = None,
        delegates: Sequence[str] = (),
    ) -> None:
        self.email = check_email(email)
        self._sender = sender
        self._options = _without_content(options or RequestOptions())
        self._delegates = tuple(delegates)

    async def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`. It is repeated after a failure: signing changes nothing.

        Raises:
            CredentialsError: IAM refused, or there is no token.
            TransportError: No answer.
            ServerError: IAM failed, each time.
            ProtocolError: The answer makes no sense.
        """
        operation = sign_blob(self.email, data, self._delegates)
        try:
            return await self._sender.send(operation, self._options)
        except ResponseError as error:
            if is_transient(error):
                raise
            raise CredentialsError(
                f"IAM does not sign as {self.email}: {error.status} {error.message} "
                "(it takes the permission iam.serviceAccounts.signBlob on that account, "
                "and a token of the scope cloud-platform or iam)"
            ) from error


class IamClientSigner:
    """Signs by a `gcloud.aio.auth.IamClient` of the caller's, or what has its `sign_blob`.

    Args:
        client: The client; it stays the caller's, and open.
        email: The service account to sign as; None for the client's own.
        session: The session it is to use; None for its own.

    Raises:
        InvalidArgument: No address of a service account.
    """

    def __init__(self, client: Any, email: str | None = None, session: Any = None) -> None:
        self.email = check_email(email or getattr(client, "service_account_email", None) or "")
        self._client = client
        self._session = session

    async def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`.

        Raises:
            ProtocolError: The client gave no signature.
            Exception: What the client raises comes out as it is.
        """
        return signature_of(
            await self._client.sign_blob(
                data, service_account_email=self.email, session=self._session
            )
        )


class SourceSigner:
    """Signs by what gives the tokens, by its `async sign_bytes(data)`.

    Args:
        source: It.
        email: The service account that it is.
        timeout: Seconds that a signature may take; None for as long as it takes.

    Raises:
        InvalidArgument: No address of a service account.
    """

    def __init__(self, source: Any, email: str, timeout: float | None = None) -> None:
        self.email = check_email(email)
        self._source = source
        self._timeout = timeout

    async def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`. Cancelling does not wait for a signature that is being made."""
        try:
            async with asyncio.timeout(self._timeout):
                signature: Any = await self._source.sign_bytes(data)
        except Exception as error:
            why = without_secrets(f"{type(error).__name__}: {error}")
            raise CredentialsError(f"the credentials do not sign as {self.email}: {why}") from error
        if not isinstance(signature, bytes) or not signature:
            raise CredentialsError(f"the credentials gave no signature as {self.email}")
        return signature


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a `Sender` to another host is made of.

    Attributes:
        transport: Carries single requests.
        clock: Where time comes from.
        random: Random numbers in [0, 1) for jitter.
        user_agent: What we call ourselves.
    """

    transport: Transport
    clock: Clock
    random: Callable[[], float]
    user_agent: str

    def sender(self, root: str, credentials: Credentials) -> Sender:
        """A sender to this root, which gets the tokens of these credentials and of no others."""
        return Sender(
            self.transport,
            credentials,
            root=root,
            clock=self.clock,
            random=self.random,
            user_agent=self.user_agent,
        )


class Signers:
    """Finds who signs, and remembers what took a while to find.

    Args:
        surroundings: What senders are made of.
        iam_root: Where the IAM Credentials API is.
        metadata_root: Where the machine's metadata server is; None for what `GCE_METADATA_HOST`
            says when it is asked, or else Google's name for it.
        emulator_root: Where an emulator is: it plays both, and nobody else is asked.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        *,
        iam_root: str = IAM_ROOT,
        metadata_root: str | None = None,
        emulator_root: str | None = None,
    ) -> None:
        self._surroundings = surroundings
        self._iam_root = emulator_root or iam_root
        self._metadata_root = emulator_root or metadata_root
        self._is_emulated = emulator_root is not None
        self._key_signer: KeySigner | None = None
        self._own_email: str | None = None

    async def find(
        self,
        source: Any,
        credentials: Credentials,
        *,
        email: str | None = None,
        iam_client: Any = None,
        options: RequestOptions | None = None,
    ) -> Signer:
        """Who signs for a source of tokens.

        A source that holds a service account's key signs with it, whatever else is said, as in
        gcloud-aio-storage. Others sign as `email`, or else as the account they are: what they say
        themselves, or what the machine's metadata server says, which is asked once. A source that
        can sign as that account does so itself; for the others, IAM does.

        Args:
            source: A `gcloud.aio.auth.Token`, or anything else that gives tokens.
            credentials: The same as the sender asks it.
            email: The service account to sign as where there is no key.
            iam_client: See `IamClientSigner`; asked in place of the API where there is no key.
            options: Timeouts, repeats and session of the requests.

        Raises:
            CredentialsError: No service account is to be found.
            InvalidArgument: `email` is no address of one.
        """
        data = service_data_of(source)
        key, owner = data.get("private_key"), data.get("client_email")
        if isinstance(key, str) and isinstance(owner, str) and key and owner:
            return self._with_key(owner, key)
        settled = options or RequestOptions()
        if iam_client is not None:
            return IamClientSigner(iam_client, email, settled.session)
        own = email_of(source)
        chosen = email or own
        if chosen == own and own and signs_itself(source, at_hand=self._is_emulated):
            return SourceSigner(source, own, settled.timeout)
        if chosen is None and not self._is_emulated and not may_be_the_machine(source):
            raise CredentialsError(
                f"credentials of the type {kind_of(source)} are no service account's; "
                "name the one to sign as by service_account_email"
            )
        chosen = chosen or await self._machines_email(settled)
        iam = self._surroundings.sender(self._iam_root, credentials)
        return IamSigner(iam, chosen, settled)

    def _with_key(self, email: str, key: str) -> KeySigner:
        if self._key_signer is None or not self._key_signer.has_key(email, key):
            self._key_signer = KeySigner(email, key)
        return self._key_signer

    async def _machines_email(self, options: RequestOptions) -> str:
        if self._own_email is None:
            root = self._metadata_root or _metadata_root()
            sender = self._surroundings.sender(root, Anonymous())
            quick = replace(options, retry=_METADATA_RETRY, timeout=_METADATA_TIMEOUT)
            try:
                self._own_email = await sender.send(own_email(), _without_content(quick))
            except (TransportError, ResponseError, ProtocolError) as error:
                raise CredentialsError(
                    "no service account to sign as: the credentials name none, and the machine's "
                    f"metadata server does not either ({without_secrets(error.message)}); "
                    "name one by service_account_email"
                ) from error
        return self._own_email


def _metadata_root() -> str:
    """Where Google's own libraries look for the metadata server."""
    host = os.environ.get("GCE_METADATA_HOST") or os.environ.get("GCE_METADATA_ROOT")
    return f"http://{host or _METADATA_HOST}"


def _without_content(options: RequestOptions) -> RequestOptions:
    """Without headers and parameters that are meant for the storage service."""
    return replace(options, headers=(), params=())
