"""Uploads in parts, answered oddly: nothing of others is deleted, and nothing is lost sight of."""

import json
from pathlib import Path
from typing import Any

import pytest
from leaks import names_in
from sample_data import patterned
from xml_service import HTML, UNNAMED, XmlService, parts, resource

from storage_stream._protocol.options import RequestOptions
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream._transfer.upload_journal import JournalEntry
from storage_stream.errors import Forbidden, IntegrityError, ProtocolError
from storage_stream.testing.memory_answer import Answer

PART_BYTES = 5 * 1024 * 1024
DATA = patterned(PART_BYTES + 100)
FIRST, SECOND = DATA[:PART_BYTES], DATA[PART_BYTES:]


async def upload(service: XmlService, **arguments: Any) -> Any:
    async with service.storage() as storage:
        return await storage.upload_parallel(
            "bucket", "name", DATA, part_bytes=PART_BYTES, workers=1, **arguments
        )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """What an earlier process left."""
    options = RequestOptions()
    identity = UploadIdentity.of(
        "multipart", NewObject("bucket", "name"), options, len(DATA), PART_BYTES
    )
    path = tmp_path / "journal"
    path.write_text(json.dumps(JournalEntry(identity, "OLD", None).write()))
    return path


class TestWhatIsLive:
    async def test_it_is_ours_where_the_answer_names_it(self) -> None:
        service = XmlService(found=resource(DATA))
        assert (await upload(service))["generation"] == "5"
        assert service.asked == ["start", "part", "part", "join", "found"]

    async def test_what_the_answer_names_is_deleted_when_it_is_wrong(self) -> None:
        service = XmlService(found=resource(b"other"))
        with pytest.raises(IntegrityError):
            await upload(service)
        assert "delete" in service.asked

    async def test_what_no_answer_names_is_another_writer_s(self) -> None:
        service = XmlService(join=UNNAMED, found=resource(b"other", 777))
        with pytest.raises(IntegrityError) as caught:
            await upload(service)
        assert "delete" not in service.asked
        assert "another writer's" in caught.value.__notes__[-1]

    async def test_who_may_not_read_is_told_that_it_is_made(self, tmp_path: Path) -> None:
        service = XmlService(found=Answer(403))
        with pytest.raises(Forbidden) as caught:
            await upload(service, journal=tmp_path / "journal")
        assert "the object is made (generation 5)" in caught.value.__notes__[0]
        assert "the journal is kept" in caught.value.__notes__[1]
        assert "abort" not in service.asked
        later = XmlService(found=resource(DATA))
        assert (await upload(later, journal=tmp_path / "journal"))["generation"] == "5"
        assert set(later.asked) == {"listed", "found"}
        assert names_in(tmp_path) == []

    async def test_without_a_journal_as_well(self) -> None:
        service = XmlService(join=UNNAMED, found=Answer(401))
        with pytest.raises(Exception, match="401") as caught:
            await upload(service)
        assert "the object is made, but" in caught.value.__notes__[0]


class TestPages:
    """A proxy that wants somebody to log in answers everything with a page, and a 200."""

    async def test_the_journal_stays_when_it_cannot_be_gone_on(self, journal: Path) -> None:
        service = XmlService(listed=HTML)
        with pytest.raises(ProtocolError) as caught:
            await upload(service, journal=journal)
        assert "same journal" in caught.value.__notes__[0]
        assert names_in(journal.parent) == ["journal"]
        assert service.asked == ["listed"]

    async def test_the_journal_stays_when_it_cannot_be_cleaned(self, journal: Path) -> None:
        service = XmlService(abort=HTML)
        async with service.storage() as storage:
            with pytest.raises(ProtocolError):
                await storage.clean_upload(journal)
        assert names_in(journal.parent) == ["journal"]

    async def test_a_removal_is_not_a_page(self) -> None:
        async with XmlService(delete=HTML).storage() as storage:
            with pytest.raises(ProtocolError):
                await storage.delete("bucket", "name")


class TestGoingOn:
    async def test_what_has_no_parts_is_removed_before_another_begins(self, journal: Path) -> None:
        service = XmlService(listed=parts(), found=resource(DATA))
        await upload(service, journal=journal)
        assert service.asked[:4] == ["listed", "found", "abort", "start"]
        assert names_in(journal.parent) == []

    async def test_a_marker_that_comes_again(self, journal: Path) -> None:
        service = XmlService(listed=parts((1, FIRST), following=1))
        with pytest.raises(ProtocolError, match="marker"):
            await upload(service, journal=journal)
        assert service.asked == ["listed", "listed"]
        assert names_in(journal.parent) == ["journal"]

    async def test_a_part_of_which_nothing_can_be_read(self, journal: Path) -> None:
        page = parts((1, FIRST)).pieces[0].replace(b"5242880", b"zz")
        with pytest.raises(ProtocolError):
            await upload(XmlService(listed=Answer(body=page)), journal=journal)
        assert names_in(journal.parent) == ["journal"]
