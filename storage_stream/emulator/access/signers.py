"""Who may sign: public keys that a test registers, and HMAC keys that were made here.

It refuses to know what is signed.

https://cloud.google.com/storage/docs/authentication/signatures
"""

import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from storage_stream.emulator.access.canonical_request import Credential

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

RSA_ALGORITHM = "GOOG4-RSA-SHA256"
HMAC_ALGORITHM = "GOOG4-HMAC-SHA256"

DEFAULT_ACCOUNT = "default@emulator.iam.gserviceaccount.com"
"""Signs where nobody else is named: what the machine's own account is on Google Cloud."""

_KEY_BITS = 2048

SecretOf = Callable[[str], str | None]
"""Gives the secret of an active HMAC key; `None` when there is none of this access id."""


class UnknownSignerError(LookupError):
    """Nobody of this name was registered for this algorithm."""


class SignerBook:
    """The keys that signatures are verified with.

    Args:
        secret_of: finds HMAC keys.
    """

    def __init__(self, secret_of: SecretOf) -> None:
        self._secret_of = secret_of
        self._public: dict[str, RSAPublicKey] = {}
        self._private: dict[str, RSAPrivateKey] = {}
        self._making_default = threading.Lock()
        self._default: RSAPrivateKey | None = None

    def register(self, email: str, pem: str | bytes) -> None:
        """Let `email` sign, in place of an earlier key.

        Args:
            email: of the service account.
            pem: an RSA public key, a certificate, or a private key; with the last one, signBlob
                can sign in its name, too.

        Raises:
            ValueError: it is none of these.
        """
        try:
            public, private = _load(pem.encode() if isinstance(pem, str) else pem)
        except TypeError as error:  # the library's word for a key that a password protects
            raise ValueError(str(error)) from error
        self._private.pop(email, None)
        self._public[email] = public
        if private is not None:
            self._private[email] = private

    def clear(self) -> None:
        """Forget every key that was registered."""
        self._public.clear()
        self._private.clear()
        if self._default is not None:  # it takes a tenth of a second to make
            self._take(DEFAULT_ACCOUNT, self._default)

    def prepare(self, email: str) -> None:
        """Make the key of the default account, if it is that and has none; call it in a thread."""
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - see _load

        with self._making_default:
            if email == DEFAULT_ACCOUNT and email not in self._public:
                self._default = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
                self._take(email, self._default)

    def verifies(
        self, algorithm: str, credential: Credential, content: bytes, signature: bytes
    ) -> bool:
        """Return whether `signature` is that of `content` by the signer named.

        Raises:
            UnknownSignerError: there is no key of his.
        """
        if algorithm == HMAC_ALGORITHM:
            secret = self._secret_of(credential.signer)
            if secret is None:
                raise UnknownSignerError(credential.signer)
            return hmac.compare_digest(_hmac(secret, credential, content), signature)
        key = self._public.get(credential.signer)
        if key is None:
            raise UnknownSignerError(credential.signer)
        return _rsa_verifies(key, content, signature)

    def sign(self, email: str, content: bytes) -> bytes:
        """Sign `content` with the private key of `email`.

        Raises:
            UnknownSignerError: none was registered.
        """
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see _load
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - see _load

        key = self._private.get(email)
        if key is None:
            raise UnknownSignerError(email)
        return key.sign(content, padding.PKCS1v15(), hashes.SHA256())

    def _take(self, email: str, key: "RSAPrivateKey") -> None:
        self._public[email] = key.public_key()
        self._private[email] = key


def _hmac(secret: str, credential: Credential, content: bytes) -> bytes:
    key = f"GOOG4{secret}".encode()
    for word in (credential.date, credential.location, "storage", "goog4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    return hmac.digest(key, content, hashlib.sha256)


def _rsa_verifies(key: "RSAPublicKey", content: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see _load
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see _load
    from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415 - see _load

    try:
        key.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _load(pem: bytes) -> "tuple[RSAPublicKey, RSAPrivateKey | None]":
    # Imported late: few tests sign anything, and the library takes as long to load as all else.
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - as said
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as said
        load_pem_private_key,
        load_pem_public_key,
    )
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - as said

    key: Any
    if b"PRIVATE KEY-----" in pem:
        key = load_pem_private_key(pem, password=None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key.public_key(), key
    elif b"BEGIN CERTIFICATE-----" in pem:
        key = load_pem_x509_certificate(pem).public_key()
    else:
        key = load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the key is not an RSA key")  # noqa: TRY004 - the PEM's content is wrong
    return key, None
