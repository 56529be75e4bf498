"""Whose tokens a source gives: the service account that the source itself names.

A source that says who it is must never be taken for the machine that it runs on: their signatures
would be somebody else's. Read are the names that google-auth's credentials and our adapter use, and
what a `gcloud.aio.auth.Token` read from its file. Nothing is asked of anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["email_of", "kind_of", "may_be_the_machine", "service_data_of", "signs_itself"]


def service_data_of(source: Any) -> Mapping[str, Any]:
    """What a `gcloud.aio.auth.Token` read from its file; nothing for other sources."""
    data = getattr(source, "service_data", None)
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else {}


def email_of(source: Any) -> str | None:
    """The account that a source says it is, or impersonates."""
    for name in ("service_account_email", "signer_email"):
        email = getattr(source, name, None)
        if isinstance(email, str) and "@" in email:  # "default" is a name of the machine's
            return email
    data = service_data_of(source)
    impersonated = getattr(source, "impersonation_uri", None)
    if not isinstance(impersonated, str):
        impersonated = str(data.get("service_account_impersonation_url", ""))
    _, found, rest = impersonated.partition("/serviceAccounts/")
    return (rest.split(":")[0] if found else data.get("client_email")) or None


def may_be_the_machine(source: Any) -> bool:
    """Whether a source that names no account can be the machine's own."""
    return not service_data_of(source) and bool(getattr(source, "runs_as_machine", True))


def signs_itself(source: Any, *, at_hand: bool) -> bool:
    """Whether a source signs as its account.

    Args:
        source: What gives tokens.
        at_hand: Without a request to anybody.
    """
    if not callable(getattr(source, "sign_bytes", None)):
        return False
    return not at_hand or bool(getattr(source, "signs_at_hand", True))


def kind_of(source: Any) -> str:
    """What to call credentials in a message."""
    data = service_data_of(source)
    return str(data.get("type", "unknown")) if data else getattr(source, "kind", "unknown")
