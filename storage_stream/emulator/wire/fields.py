"""Partial responses: the `fields` parameter.

https://cloud.google.com/storage/docs/json_api#partial-response
"""

import re
from typing import Any

from storage_stream.emulator.problems import ApiError

Selection = dict[str, "Selection"]
"""Wanted names and, below each, what is wanted of it; nothing below means all of it."""

_TOKEN = re.compile(r"\s*([^\s,()/]+|[,()/])\s*")


def select_fields(fields: str | None, content: dict[str, Any]) -> dict[str, Any]:
    """Return what `fields` selects of `content`; everything for `None`.

    Raises:
        ApiError: 400, the selector cannot be parsed.
    """
    if not fields:
        return content
    selected: dict[str, Any] = _select(_parse(fields), content)
    return selected


def _parse(fields: str) -> Selection:
    tokens = _TOKEN.findall(fields)
    if "".join(tokens) != re.sub(r"\s", "", fields):
        raise _invalid(fields)
    tokens.reverse()
    selection = _parse_list(tokens, fields)
    if tokens:
        raise _invalid(fields)
    return selection


def _parse_list(tokens: list[str], fields: str) -> Selection:
    selection: Selection = {}
    while True:
        _parse_path(tokens, fields, selection)
        if not tokens or tokens[-1] != ",":
            return selection
        tokens.pop()


def _parse_path(tokens: list[str], fields: str, selection: Selection) -> None:
    if not tokens or tokens[-1] in ",()/":
        raise _invalid(fields)
    below = selection.setdefault(tokens.pop(), {})
    if tokens and tokens[-1] == "/":
        tokens.pop()
        _parse_path(tokens, fields, below)
    elif tokens and tokens[-1] == "(":
        tokens.pop()
        below |= _parse_list(tokens, fields)
        if not tokens or tokens.pop() != ")":
            raise _invalid(fields)


def _select(selection: Selection, content: Any) -> Any:
    if not selection:
        return content
    if isinstance(content, list):
        return [_select(selection, item) for item in content]  # pyright: ignore[reportUnknownVariableType] - JSON
    if not isinstance(content, dict):
        return content
    everything = selection.get("*")
    chosen: dict[str, Any] = {}
    for name, value in content.items():  # pyright: ignore[reportUnknownVariableType] - JSON
        below = selection.get(name, everything)  # pyright: ignore[reportUnknownArgumentType] - JSON
        if below is not None:
            chosen[name] = _select(below, value)
    return chosen


def _invalid(fields: str) -> ApiError:
    message = f"Invalid field selection {fields}"
    return ApiError(400, "invalidParameter", message, location="fields")
