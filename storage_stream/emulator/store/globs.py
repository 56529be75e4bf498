"""The `matchGlob` parameter: globs over object names.

`*` and `?` stop at a slash, `**` does not; `[...]` and `{a,b}` as in a shell.

https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob
"""

import re

from storage_stream.emulator.problems import ApiError

_WORD = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?.[^\]]*\]|\\.|.", re.DOTALL)
_WILDCARDS = {
    "**/": "(?:.*/)?",  # no folder matches too: "a/**/b" finds "a/b"
    "**": ".*",
    "*": "[^/]*",
    "?": "[^/]",
}


def compile_glob(glob: str) -> re.Pattern[str]:
    """Return the expression that matches whole names.

    Raises:
        ApiError: 400, a bracket or brace is not closed.
    """
    pattern: list[str] = []
    depth = 0
    for word in _WORD.findall(glob):
        if word == "[":
            raise _invalid(glob)
        if word == "{":
            depth += 1
            pattern.append("(?:")
        elif depth and word in "},":
            depth -= word == "}"
            pattern.append(")" if word == "}" else "|")
        else:
            pattern.append(_expression(word))
    if depth:
        raise _invalid(glob)
    return re.compile("".join(pattern), re.DOTALL)


def _expression(word: str) -> str:
    if word in _WILDCARDS:
        return _WILDCARDS[word]
    if word.startswith("["):
        return _character_class(word[1:-1])
    return re.escape(word[-1])


def _character_class(inside: str) -> str:
    negated = inside[0] in "!^"
    letters = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[negated:])
    return f"(?!/)[{'^' if negated else ''}{letters}]"


def _invalid(glob: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid matchGlob: '{glob}'", location="matchGlob")
