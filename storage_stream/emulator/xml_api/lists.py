"""The parameters of the XML API's list, in both of its versions.

https://cloud.google.com/storage/docs/xml-api/get-bucket-list
"""

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.listing import MAX_RESULTS, ListRequest
from storage_stream.emulator.wire.query import Query

LIST_QUERY = (
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "generation-marker",
    "list-type",
    "marker",
    "max-keys",
    "prefix",
    "start-after",
    "versions",
)


def is_second_version(query: Query) -> bool:
    """Return whether version 2 of the list is asked for.

    Raises:
        ApiError: 400, another one is.
    """
    return query.choice("list-type", ("1", "2")) == "2"


def xml_list_request(bucket: str, query: Query) -> ListRequest:
    """Return what `query` asks to be listed.

    Raises:
        ApiError: 400, a parameter is not understood.
    """
    query.choice("encoding-type", ("url",))
    second = is_second_version(query)
    _refuse_of_other_version(query, second=second)
    prefix = (query.text("prefix") or "").encode()
    delimiter = (query.text("delimiter") or "").encode()
    marker = (query.text("start-after" if second else "marker") or "").encode()
    return ListRequest(
        bucket=bucket,
        prefix=prefix,
        delimiter=delimiter,
        start_offset=_after(marker, prefix, delimiter),
        versions="versions" in query,
        max_results=query.integer("max-keys", at_least=1) or MAX_RESULTS,
        page_token=query.text("continuation-token") or None,
    )


def _after(marker: bytes, prefix: bytes, delimiter: bytes) -> bytes:
    """Return the first name after `marker`, and after all that it stands for."""
    if not marker:
        return b""
    stands_for_prefix = (
        delimiter and marker.startswith(prefix) and marker[len(prefix) :].endswith(delimiter)
    )
    if stands_for_prefix:
        # The marker is a common prefix of the page before: what is below it was in there.
        return marker + b"\xff"
    return marker + b"\x00"


def _refuse_of_other_version(query: Query, *, second: bool) -> None:
    wrong = ("marker", "generation-marker") if second else ("continuation-token", "start-after")
    for name in wrong:
        if name in query:
            message = f"'{name}' is not a parameter of this list-type."
            raise ApiError(400, "invalid", message, location=name)
