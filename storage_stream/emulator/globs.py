"""The ``matchGlob`` parameter: globs over object names.

``*`` and ``?`` stop at a slash, ``**`` does not; ``[...]`` and ``{a,b}`` as in a shell.

https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
"""

import re

from storage_stream.emulator.problems import ApiError

_SIMPLE = {"?": "[^/]"}


def compile_glob(glob: str) -> re.Pattern[str]:
    """Return the expression that matches whole names.

    Raises:
        ApiError: 400, a bracket or brace is not closed.
    """
    pattern: list[str] = []
    position, depth = 0, 0
    while position < len(glob):
        if glob.startswith("**/", position):
            # Zero folders match too: "a/**/b" finds "a/b".
            pattern.append("(?:.*/)?")
            position += 3
            continue
        piece, position, depth = _next_piece(glob, position, depth)
        pattern.append(piece)
    if depth:
        raise _invalid(glob)
    return re.compile("".join(pattern), re.DOTALL)


def _next_piece(glob: str, position: int, depth: int) -> tuple[str, int, int]:
    char = glob[position]
    after = position + 1
    if glob.startswith("**", position):
        return ".*", position + 2, depth
    if char == "*":
        return "[^/]*", after, depth
    if char == "[":
        return *_character_class(glob, position), depth
    if char == "{":
        return "(?:", after, depth + 1
    if char == "}" and depth:
        return ")", after, depth - 1
    if char == "," and depth:
        return "|", after, depth
    if char == "\\" and after < len(glob):
        return re.escape(glob[after]), after + 1, depth
    return _SIMPLE.get(char, re.escape(char)), after, depth


def _character_class(glob: str, position: int) -> tuple[str, int]:
    start = position + 1
    negated = glob[start : start + 1] in {"!", "^"}
    start += negated
    end = glob.find("]", start + 1)
    if end < 0:
        raise _invalid(glob)
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", glob[start:end])
    return f"(?!/)[{'^' if negated else ''}{inside}]", end + 1


def _invalid(glob: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid matchGlob: '{glob}'", location="matchGlob")
