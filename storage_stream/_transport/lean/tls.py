"""The one kind of TLS there is here: one that knows who it speaks to."""

from __future__ import annotations

import ssl

from storage_stream.errors import InvalidArgument, UntrustedCertificate

__all__ = ["check_verifies", "default_context", "untrusted"]


def default_context() -> ssl.SSLContext:
    """The system's certificate authorities, names checked, HTTP/1.1 spoken."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def check_verifies(context: ssl.SSLContext) -> ssl.SSLContext:
    """A caller's context, if it checks certificates and names.

    Tokens travel through it. Who has an authority of his own loads it into a context
    (`ssl.create_default_context(cafile=…)`); there is no way to look away.

    Raises:
        TypeError: It is no `ssl.SSLContext`.
        InvalidArgument: It does not check.
    """
    if not isinstance(context, ssl.SSLContext):
        raise TypeError(f"ssl takes an ssl.SSLContext, not {type(context).__name__}")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidArgument(
            "ssl takes a context that checks certificates and host names: "
            "ssl.create_default_context(cafile=...) trusts an authority of your own"
        )
    return context


def untrusted(host: str, error: Exception) -> UntrustedCertificate:
    """The error of a certificate that did not stand the check, whoever found it.

    Args:
        host: Who was called.
        error: How it failed; Python's own knows the reason in a few words.
    """
    reason: object = getattr(error, "verify_message", None) or error
    return UntrustedCertificate(
        f"the certificate of {host} is not to be trusted: {reason}; Storage(ssl=...) takes a "
        "context that knows an authority of your own"
    )
