"""Our errors as the OSErrors that programs on file systems catch."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from storage_stream.errors import (
    Conflict,
    CredentialsError,
    Forbidden,
    Gone,
    NotFound,
    PreconditionFailed,
    StorageError,
    Unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["as_os_error", "exists_error", "missing_error", "os_errors"]


def missing_error(path: str) -> FileNotFoundError:
    """There is no such object, "folder" or bucket."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def exists_error(path: str) -> FileExistsError:
    """There is one already, and there was to be none."""
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)


def as_os_error(error: StorageError, path: str, *, creates: bool = False) -> Exception:
    """What a program on file systems expects in place of our error, or the error itself.

    What has no counterpart (a lost connection, a wrong checksum, `ObjectChanged`) stays what it
    is; those that are about time are `TimeoutError`s already.
    """
    if isinstance(error, NotFound | Gone):
        return missing_error(path)
    if isinstance(error, Forbidden | Unauthorized | CredentialsError):
        return PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    if creates and isinstance(error, PreconditionFailed | Conflict):
        return exists_error(path)
    return error


@contextmanager
def os_errors(path: str, *, creates: bool = False) -> Generator[None]:
    """Around what is about a path: raises as `as_os_error` says, our error being the cause.

    Args:
        path: What it is about.
        creates: Whether there must be nothing yet, so that a refusal means that there is.
    """
    try:
        yield
    except StorageError as error:
        told = as_os_error(error, path, creates=creates)
        if told is error:
            raise
        raise told from error
