"""Who may call what: asked before each method of `ImageService`. It knows no users."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from storage_stream.images.errors import PermissionDenied

__all__ = ["Allowed", "Permissions", "check_permission"]

Allowed: TypeAlias = Callable[[str, Mapping[str, Any]], bool | Awaitable[bool]]
"""Takes a method's name and its arguments; says whether it may be called, at once or later."""

Permissions: TypeAlias = Allowed | Mapping[str, bool | Allowed]
"""One for all, or one for each method by its name; `*` is for those that are not named. What
nobody speaks of is forbidden."""


async def check_permission(
    permissions: Permissions | None, action: str, arguments: Mapping[str, Any]
) -> None:
    """That it may be called.

    Args:
        permissions: None permits everything.
        action: The method.
        arguments: By their names.

    Raises:
        PermissionDenied: It may not.
    """
    if permissions is None:
        return
    rule: bool | Allowed
    if callable(permissions):
        rule = permissions
    else:
        rule = permissions.get(action, permissions.get("*", False))
    verdict: bool | Awaitable[bool] = rule(action, arguments) if callable(rule) else rule
    if not isinstance(verdict, bool):
        verdict = await verdict
    if verdict is not True:
        raise PermissionDenied(action)
