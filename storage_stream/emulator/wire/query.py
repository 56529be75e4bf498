"""Query parameters: parsed once, and every unknown name refused.

A client that misspells a parameter would otherwise be told that all went well.
It refuses to know what the parameters mean.

https://cloud.google.com/storage/docs/json_api/v1/parameters
"""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from storage_stream.emulator.integers import invalid_value, parse_integer
from storage_stream.emulator.problems import ApiError

STANDARD = frozenset(
    {
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
        "userIp",
        "userProject",
        "$alt",
        "$callback",
        "$fields",
        "$key",
        "$oauth_token",
        "$prettyPrint",
        "$quotaUser",
        "$userIp",
        "$userProject",
        "$.xgafv",
    }
)
"""Names that every method of the JSON API takes, the `$` forms included."""

CONDITIONS = (
    "ifGenerationMatch",
    "ifGenerationNotMatch",
    "ifMetagenerationMatch",
    "ifMetagenerationNotMatch",
)
SOURCE_CONDITIONS = tuple(name.replace("if", "ifSource", 1) for name in CONDITIONS)

_BOOLEANS = {"true": True, "false": False}


class Query:
    """The parameters of one request.

    Args:
        pairs: names and values in the order of the query string; the last of a name counts.
    """

    __slots__ = ("_values", "lists")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.lists: dict[str, list[str]] = {}
        for name, value in pairs:
            self.lists.setdefault(name, []).append(value)
        self._values = {name: values[-1] for name, values in self.lists.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """Return the parameter, also from its `$` form; `None` when it is absent."""
        value = self._values.get(name)
        return self._values.get(f"${name}") if value is None else value

    def integer(self, name: str, *, at_least: int = 0) -> int | None:
        """Return the parameter as a number.

        Raises:
            ApiError: 400, it is not a decimal number of at least `at_least`.
        """
        return parse_integer(name, self._values.get(name), at_least=at_least)

    def boolean(self, name: str) -> bool:
        """Return the parameter as a truth value, `False` when it is absent.

        Raises:
            ApiError: 400, it is neither `true` nor `false`.
        """
        value = self._values.get(name)
        if value is None:
            return False
        if value.lower() not in _BOOLEANS:
            raise invalid_value(name, value)
        return _BOOLEANS[value.lower()]

    def choice(self, name: str, choices: Iterable[str]) -> str | None:
        """Return the parameter if it is one of `choices`.

        Raises:
            ApiError: 400, it is another word.
        """
        value = self._values.get(name)
        if value is not None and value not in set(choices):
            raise invalid_value(name, value)
        return value

    def required(self, name: str) -> str:
        """Return the parameter.

        Raises:
            ApiError: 400, it is absent or empty.
        """
        value = self._values.get(name)
        if not value:
            raise ApiError(400, "required", f"Required parameter: {name}", location=name)
        return value

    def subset(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return those of `names` that are present."""
        return {name: self._values[name] for name in names if name in self._values}


def read_query(request: web.Request, allowed: Iterable[str] = ()) -> Query:
    """Return the parameters of `request`.

    Args:
        request: whose query string is read.
        allowed: the names that the method takes besides the standard ones.

    Raises:
        ApiError: 400 for an unknown name, or bytes that are not UTF-8.
    """
    query = Query(_pairs(request.rel_url.raw_query_string))
    unknown = sorted(query.lists.keys() - STANDARD - set(allowed))
    if unknown:
        words = ", ".join(f"'{name}'" for name in unknown)
        message = f"Unknown query parameter: {words}"
        raise ApiError(400, "invalidParameter", message, location=unknown[0])
    return query


def _pairs(raw: str) -> list[tuple[str, str]]:
    if not raw:
        return []
    try:
        return parse_qsl(raw, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise ApiError(400, "invalid", f"The query is not UTF-8: {error.reason}.") from error
