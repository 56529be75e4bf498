"""Wildcards in names: `*`, `**`, `?` and `[...]`, as a prefix to list and a rule to match.

They mean what they mean to gsutil and `gcloud storage`:
https://cloud.google.com/storage/docs/wildcards
"""

import re

__all__ = ["Pattern"]

_TOKEN = re.compile(r"\*\*+|\*|\?|\[(?:[!^]?\]?[^\]]*)\]|\[|[^*?\[]+", re.DOTALL)


class Pattern:
    """A name with wildcards.

    `*` matches anything but a slash, `**` anything, `?` one character but a slash, `[abc]`,
    `[a-z]` and `[!a]` one of those, or none of them. A wildcard stands for itself in brackets:
    `[*]`.

    Attributes:
        text: What was written.
        prefix: With which all names begin that match.
        is_literal: Whether only one name matches, which is `literal`.

    Raises:
        ValueError: A `[` without its `]`, or a range like `[z-a]`.
    """

    __slots__ = ("_rule", "is_literal", "prefix", "text", "within_folder")

    text: str
    prefix: str
    is_literal: bool
    within_folder: bool

    def __init__(self, text: str) -> None:
        tokens: list[str] = _TOKEN.findall(text)
        rules = [_rule(token) for token in tokens]
        literals = [_literal(token) for token in tokens]
        fixed = next((at for at, token in enumerate(literals) if token is None), len(tokens))
        self.text = text
        self.prefix = "".join(token or "" for token in literals[:fixed])
        self.is_literal = fixed == len(tokens)
        # Then a list of one "folder" has all that may match, however much is below it.
        self.within_folder = not any(
            "/" in token or token.startswith("**") for token in tokens[fixed:]
        )
        self._rule = re.compile("".join(rules), re.DOTALL)

    @property
    def literal(self) -> str:
        """The one name that matches a pattern without wildcards."""
        return self.prefix

    def matches(self, name: str) -> bool:
        """Whether it is such a name."""
        return self._rule.fullmatch(name) is not None

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def _literal(token: str) -> str | None:
    """The text a token stands for, or None for what may be several."""
    if token[0] in "*?":
        return None
    if token[0] == "[":
        return token[1] if len(token) == 3 and token[1] not in "!^" else None  # noqa: PLR2004 - [x]
    return token


def _rule(token: str) -> str:
    if token.startswith("**"):
        return ".*"
    if token == "*":  # noqa: S105 - a token of a pattern
        return "[^/]*"
    if token == "?":  # noqa: S105 - the same
        return "[^/]"
    if token[0] != "[":
        return re.escape(token)
    if len(token) == 1:
        raise ValueError("a [ needs its ]; for the character itself write [[]")
    return _class_rule(token)


def _class_rule(token: str) -> str:
    inside = token[1:-1]
    negated = inside[:1] in {"!", "^"}
    items = _items(inside[1:] if negated else inside)
    if not items:
        raise ValueError(f"{token} is a set without a character")
    if any(last < first for first, last in items):
        raise ValueError(f"{token} has a range that ends before it begins")
    rule = "".join(f"{re.escape(first)}-{re.escape(last)}" for first, last in items)
    # A slash is matched by no set, as it is by no other wildcard but `**`.
    return f"(?!/)[{'^' if negated else ''}{rule}]"


def _items(inside: str) -> list[tuple[str, str]]:
    """The characters of a set as ranges, first and last."""
    items: list[tuple[str, str]] = []
    at = 0
    while at < len(inside):
        is_range = inside[at + 1 : at + 2] == "-" and at + 2 < len(inside)
        items.append((inside[at], inside[at + 2] if is_range else inside[at]))
        at += 3 if is_range else 1
    return items
