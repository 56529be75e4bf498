"""Run with pytest, with nothing to set up: the fixture `gcs` comes with the package.

It is a Google Cloud Storage on this machine, empty in every test, and STORAGE_EMULATOR_HOST names
it: the code under test just uses `Storage()`.
"""
# ruff: noqa: D103, PLR2004, S101 - tests, named by what they say, with figures and asserts

import asyncio

import pytest
from report import count_errors

from storage_stream.errors import NotFound
from storage_stream.testing.emulator_handle import EmulatorHandle

LOG = b"INFO started\nERROR disk full\nINFO still here\nERROR disk full\n"


def test_errors_are_counted(gcs: EmulatorHandle) -> None:
    gcs.put("logs", "monday.log", LOG)
    assert asyncio.run(count_errors("logs", "monday.log")) == 2
    assert gcs.read("logs", "monday.log.errors") == b"2"
    assert [entry.method for entry in gcs.log] == ["GET", "POST"]


def test_a_broken_connection_makes_no_difference(gcs: EmulatorHandle) -> None:
    gcs.put("logs", "monday.log", LOG)
    gcs.arm_next("storage.objects.get", "drop-at-20")
    assert asyncio.run(count_errors("logs", "monday.log")) == 2
    assert [entry.range for entry in gcs.log.select(method="GET")] == [None, "bytes=20-"]


def test_a_log_that_is_missing_is_an_error(gcs: EmulatorHandle) -> None:
    with pytest.raises(NotFound):
        asyncio.run(count_errors("logs", "sunday.log"))
    assert gcs.objects("logs") == []
