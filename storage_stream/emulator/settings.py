"""What an emulator can be told when it starts.

One frozen value, so that no handler reads an environment variable or a global; it refuses to
know how the values were obtained (constructor, command line, fixture).
"""

from dataclasses import dataclass
from typing import TypedDict

SESSION_LIFETIME_SECONDS = 7 * 24 * 3600
"""A resumable session expires a week after it was started.

https://cloud.google.com/storage/docs/resumable-uploads#session-uris
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """The configurable behaviour of one emulator.

    Attributes:
        create_buckets: make a bucket the first time a request names it, unless another site's
            page caused that request.
        durable: fsync bodies and commits before acknowledging (survives loss of power, not only
            loss of the process).
        soft_delete_seconds: retention of deleted generations for buckets that do not ask for
            a `softDeletePolicy`. The service's default is a week; 0 keeps a test folder small.
        session_lifetime_seconds: age at which a resumable session answers 410.
        rewrite_bytes_per_call: bytes after which `rewriteTo` answers with a `rewriteToken`
            although the caller set no `maxBytesRewrittenPerCall`; `None` finishes in one call.
        project_number: the number of the one project that owns every bucket.
    """

    create_buckets: bool = False
    durable: bool = False
    soft_delete_seconds: int = 0
    session_lifetime_seconds: float = SESSION_LIFETIME_SECONDS
    rewrite_bytes_per_call: int | None = None
    project_number: str = "123456789012"


class SettingKeywords(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments."""

    create_buckets: bool
    durable: bool
    soft_delete_seconds: int
    session_lifetime_seconds: float
    rewrite_bytes_per_call: int | None
    project_number: str
