"""What a caller may say about a list of objects, and how it is spelled on the wire.

https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import page_size_text
from storage_stream._protocol.options import RequestKeywords
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ListChoice", "ListKeywords", "split_list_keywords"]


class ListChoice(RequestKeywords, total=False):
    """Keywords of every list of objects, besides those of every request.

    match_glob: Only names that match, `**/*.csv`.
    delimiter: Names that hold it behind the prefix are not given one by one, but as the
        "folder" they are in: see `iter_object_pages`.
    start_offset: Only names from this one on.
    end_offset: Only names before this one.
    include_trailing_delimiter: Give an object that is named as a "folder", too.
    include_folders_as_prefixes: Give empty folders of a bucket with a hierarchical namespace.
    versions: Every generation, not the live ones alone.
    soft_deleted: The soft-deleted generations, and nothing else.
    projection: `full` for access control lists, too; `noAcl` without.
    fields: Only these parts of the answer, `items(name,size)`; the token of the next page is
        asked for in any case.
    filter: Only objects with these contexts, in the service's words.
    page_size: Objects and "folders" a page; None for the service's 1,000.
    """

    match_glob: str
    delimiter: str
    start_offset: str
    end_offset: str
    include_trailing_delimiter: bool
    include_folders_as_prefixes: bool
    versions: bool
    soft_deleted: bool
    projection: str
    fields: str
    filter: str
    page_size: int | None


class ListKeywords(ListChoice, total=False):
    """Those of `ListChoice`, and where in the bucket.

    prefix: Only names that begin so.
    """

    prefix: str


_NAMES = {
    "prefix": "prefix",
    "match_glob": "matchGlob",
    "delimiter": "delimiter",
    "start_offset": "startOffset",
    "end_offset": "endOffset",
    "include_trailing_delimiter": "includeTrailingDelimiter",
    "include_folders_as_prefixes": "includeFoldersAsPrefixes",
    "versions": "versions",
    "soft_deleted": "softDeleted",
    "projection": "projection",
    "fields": "fields",
    "filter": "filter",
    "page_size": "maxResults",
}
_TOKEN = "nextPageToken"  # noqa: S105 - a field's name


def split_list_keywords(
    keywords: Mapping[str, Any],
) -> tuple[tuple[tuple[str, str], ...], dict[str, Any]]:
    """The query of a list, and the keywords that are not about lists.

    Raises:
        InvalidArgument: A page without room, or both versions and soft-deleted ones.
    """
    rest = {name: value for name, value in keywords.items() if name not in _NAMES}
    chosen = {name: keywords[name] for name in _NAMES if keywords.get(name)}
    page_size_text(keywords.get("page_size"))
    if "versions" in chosen and "soft_deleted" in chosen:
        raise InvalidArgument("versions and soft_deleted are two lists, not one")
    if _TOKEN not in chosen.get("fields", _TOKEN):
        chosen["fields"] = f"{_TOKEN},{chosen['fields']}"
    return tuple((_NAMES[name], _text(value)) for name, value in chosen.items()), rest


def _text(value: object) -> str:
    return "true" if value is True else str(value)
