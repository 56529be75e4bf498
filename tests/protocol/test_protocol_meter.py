"""Whoever watches a transfer is a part of what is said about a request, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import storage_stream._protocol.meter
from storage_stream._protocol.options import RequestOptions

if TYPE_CHECKING:
    from storage_stream._protocol.meter import Meter


def test_a_meter_is_taken_as_it_is() -> None:
    meter = cast("Meter", object())
    options = RequestOptions.of({"progress": meter}, RequestOptions())
    assert options.meter is meter
    assert options == RequestOptions()
    assert options.only_connection().meter is meter


def test_a_client_makes_meters_of_other_things() -> None:
    given: list[Any] = []
    meter = cast("Meter", object())

    def new_meter(progress: Any) -> Meter:
        given.append(progress)
        return meter

    defaults = RequestOptions(new_meter=new_meter)
    assert RequestOptions.of({"progress": print}, defaults).meter is meter
    assert RequestOptions.of({"progress": None}, defaults).meter is None
    assert given == [print]


def test_what_a_meter_is_told() -> None:
    told = {name for name in vars(storage_stream._protocol.meter.Meter) if name[0] != "_"}
    assert told == {"attempt", "answered", "expect", "moved", "gained", "resumed"}
