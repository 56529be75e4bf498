import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream.cli.locations import (
    LocalLocation,
    LocationError,
    ObjectLocation,
    StandardStream,
    gs_url,
    parse_location,
    parse_object_location,
)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("-", StandardStream()),
        ("gs://b/a/b", ObjectLocation("b", "a/b")),
        ("gs://b", ObjectLocation("b")),
        ("gs://b/", ObjectLocation("b")),
        ("gs://", ObjectLocation("")),
        ("gs://b/a#17", ObjectLocation("b", "a", 17)),
        ("gs://b/a#x", ObjectLocation("b", "a#x")),
        ("gs://b/#17", ObjectLocation("b", "#17")),
        ("gs://b//a", ObjectLocation("b", "/a")),
        ("gs://b/ü\n", ObjectLocation("b", "ü\n")),
        ("a/b", LocalLocation("a/b")),
        ("-x", LocalLocation("-x")),
        ("file:///tmp/x", LocalLocation("/tmp/x")),  # noqa: S108 - a name only
        ("C:\\x", LocalLocation("C:\\x")),
        ("\udcff", LocalLocation("\udcff")),
    ],
)
def test_places_are_read(text: str, location: object) -> None:
    assert parse_location(text) == location


@pytest.mark.parametrize(
    "text",
    ["gs:/b/a", "gs:b", "s3://b/a", "", "a\0b", "gs:///a", "gs://b/[", "gs://b/a*#3", "gs://b/\udcff"],
)  # fmt: skip
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(LocationError):
        parse_location(text)


def test_only_what_is_in_the_service() -> None:
    assert parse_object_location("gs://b/a").name == "a"
    with pytest.raises(LocationError, match="not in Cloud Storage"):
        parse_object_location("a")


def test_what_is_a_folder() -> None:
    texts = ["gs://b", "gs://b/a/", "gs://b/a", "x/", ".", "a/..", "x", "..."]
    found = [parse_location(text) for text in texts]
    assert [getattr(place, "is_folder", None) for place in found] == [
        *(True, True, False),
        *(True, True, True, False, False),
    ]


def test_wildcards_are_escaped_in_brackets() -> None:
    place = parse_object_location("gs://b/a[*][#]3")
    assert (place.has_wildcards, place.literal_name) == (False, "a*#3")
    assert parse_object_location("gs://b*/a").has_wildcards


@given(
    st.from_regex(r"[a-z]{3,9}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*?[#")),
    st.none() | st.integers(1, 2**63 - 1),
)
def test_what_is_written_is_read_again(bucket: str, name: str, generation: int | None) -> None:
    number = generation if name else None
    place = parse_object_location(gs_url(bucket, name, number))
    assert place == ObjectLocation(bucket, name, number)
    assert parse_location(str(place)) == place
