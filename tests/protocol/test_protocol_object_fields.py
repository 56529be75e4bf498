"""A handle's typed fields are those of the resource."""

from storage_stream._protocol.object_fields import ObjectFields
from storage_stream._protocol.resources import ObjectResource


def test_they_are_the_resources() -> None:
    own = {"name", "bucket", "size"}
    expected = {
        name: getattr(kind, "__forward_arg__", kind)
        for name, kind in ObjectResource.__annotations__.items()
        if name not in own
    }
    assert ObjectFields.__annotations__ == expected


def test_they_are_types_only() -> None:
    assert not [name for name in ObjectFields.__annotations__ if hasattr(ObjectFields(), name)]
