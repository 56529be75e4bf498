"""Rewrites in several calls: how far each is, between the calls.

The bytes are shared and not copied, so a call has nothing to do; what is kept is what the caller
sees. It refuses to know HTTP.

https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
"""

import hashlib
import json
import secrets
from dataclasses import dataclass

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.changes import Change
from storage_stream.emulator.store.copies import Source, Target, copy_object, find_source
from storage_stream.emulator.store.records import ObjectRecord


@dataclass(frozen=True, slots=True)
class RewriteProgress:
    """What one call answers.

    Attributes:
        item: the new object, once it is done.
        token: with which the next call goes on, until then.
    """

    object_size: int
    rewritten_bytes: int
    item: ObjectRecord | None = None
    token: str | None = None


def rewrite(
    change: Change, source: Source, target: Target, limit_bytes: int | None, token: str | None
) -> RewriteProgress:
    """Do one call's part.

    Args:
        change: the transaction.
        source: what is rewritten.
        target: what it becomes.
        limit_bytes: at most so much in this call; `None` finishes.
        token: of the call before; `None` begins.

    Raises:
        ApiError: 404, 412, 403; 400, the token is unknown or of another rewrite.
    """
    item = find_source(change, source)
    fingerprint = _fingerprint(item, target)
    done = _progress(change, token, fingerprint) if token is not None else 0
    done = item.size if limit_bytes is None else min(done + limit_bytes, item.size)
    if token is not None:
        change.connection.execute("DELETE FROM rewrites WHERE token = ?", (token,))
    if done == item.size:
        return RewriteProgress(item.size, done, item=copy_object(change, item, target))
    token = secrets.token_urlsafe(32)
    change.connection.execute("INSERT INTO rewrites VALUES (?,?,?)", (token, fingerprint, done))
    return RewriteProgress(item.size, done, token=token)


def _progress(change: Change, token: str, fingerprint: str) -> int:
    row = change.connection.execute(
        "SELECT fingerprint, rewritten_bytes FROM rewrites WHERE token = ?", (token,)
    ).fetchone()
    if row is None or row[0] != fingerprint:
        message = "The rewrite token is not one of this rewrite."
        raise ApiError(400, "invalid", message, location="rewriteToken")
    return int(row[1])


def _fingerprint(item: ObjectRecord, target: Target) -> str:
    made_of = [item.bucket, item.name, item.generation]
    said = [
        *made_of,
        target.bucket,
        target.name,
        target.metadata,
        target.key_sha256,
        target.kms_key,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
