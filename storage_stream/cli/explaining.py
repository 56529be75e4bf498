"""Errors as sentences with what to do. No message holds a secret: those of the library do not."""

import os
import re
from collections.abc import Iterator

import click

from storage_stream import errors
from storage_stream.cli.locations import bucket_and_name
from storage_stream.cli.wording import plain_words

_FLAG = re.compile(r"(?<!\S)--[a-z]")  # the message says itself what to do

__all__ = ["explain", "failures_in"]

_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (
        errors.CredentialsError,
        "`storage-stream doctor` tells what is missing; --anonymous reads public objects.",
    ),
    (errors.Unauthorized, "`storage-stream doctor` shows which credentials are used."),
    (
        errors.Forbidden,
        "`storage-stream doctor` shows which account this is; it needs a role on the bucket.",
    ),
    (errors.InsecureTransport, "Write https://, or --emulator-host for an emulator."),
    (
        errors.UntrustedCertificate,
        "Check the address; a proxy's authority is known where SSL_CERT_FILE names its file.",
    ),
    (
        errors.ConnectFailed,
        "Check the network and the address (`storage-stream doctor`).",
    ),
    (errors.TransportError, "Try again; `storage-stream doctor` checks the connection."),
    (errors.TooManyRequests, "Try again later, or with a smaller --concurrency."),
    (errors.ServerError, "Try again later: https://status.cloud.google.com shows known trouble."),
    (errors.ObjectChanged, "It was overwritten meanwhile; try again."),
    (errors.IntegrityError, "The bytes are not the ones that are stored; try again."),
    (errors.PreconditionFailed, "The object is not in the state that was asked for."),
)


def explain(error: BaseException) -> str:
    """What happened, and what to do about it, in a sentence or two."""
    if isinstance(error, errors.StorageError):
        text = plain_words(str(error))
        return _with_advice(text, "" if _FLAG.search(text) else _advice(error))
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return _of_system(error)
    return f"{type(error).__name__}: {error}"


def failures_in(error: BaseException) -> Iterator[BaseException]:
    """The single errors of a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of anything
            yield from failures_in(inner)  # pyright: ignore[reportUnknownArgumentType] - the same
    else:
        yield error


def _advice(error: errors.StorageError) -> str:
    if isinstance(error, errors.NotFound):
        return _about_missing(error)
    if isinstance(error, errors.Conflict):
        return _about_conflict(error)
    return next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "")


def _about_missing(error: errors.NotFound) -> str:
    subject = error.subject or ""
    bucket, name = bucket_and_name(subject)
    if any(character in bucket for character in "*?["):
        return "`storage-stream ls` shows which buckets there are."
    if error.method == "DELETE" and not name:
        return "`storage-stream lb` shows which buckets there are."
    if name and "bucket" not in error.message.partition(":")[0]:
        listing = f"`storage-stream ls gs://{bucket}/` shows what is there"
        return f"{listing}; if it is a folder, {subject.rstrip('/')}/** is what is in it."
    return f"Is the bucket's name right? `storage-stream mb gs://{bucket}` makes it."


def _about_conflict(error: errors.Conflict) -> str:
    if error.method == "DELETE":
        return "A bucket has to be empty: `storage-stream rm -r` empties it."
    return "It exists already; bucket names are shared by all users of the service."


def _of_system(error: OSError) -> str:
    why = error.strerror or str(error) or type(error).__name__
    if isinstance(error, FileNotFoundError) and _is_link(error.filename):
        why = "the link leads to nothing"
    return f"{error.filename}: {why}" if error.filename is not None else why


def _is_link(path: object) -> bool:
    return isinstance(path, str | bytes) and os.path.islink(path)  # noqa: PTH114 - texts


def _with_advice(text: str, advice: str) -> str:
    if not advice:
        return text
    return f"{text if text.endswith(('.', '!', '?')) else text + '.'} {advice}"
