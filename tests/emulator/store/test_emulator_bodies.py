"""Files of bodies: nobody's end takes what is somebody else's."""

from pathlib import Path

from storage_stream.emulator.store.bodies import BATCH_BYTES, BodyFolder

CONTENT = bytes(BATCH_BYTES + 1)


async def _stored(bodies: BodyFolder) -> int:
    writer = bodies.writer()
    await writer.write(CONTENT)
    return (await writer.finish()).id


async def test_what_is_read_is_removed_when_it_was_read(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path, durable=False)
    bodies.open(named=[])
    body = await _stored(bodies)
    with bodies.reading(body):
        await bodies.remove([body])
        assert bodies.path(body).read_bytes() == CONTENT
    assert not bodies.path(body).exists()


async def test_emptied_it_gives_no_number_again(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path, durable=False)
    bodies.open(named=[])
    old = await _stored(bodies)
    with bodies.reading(old):
        await bodies.remove([old])
        bodies.open(named=[])
        new = await _stored(bodies)
    assert bodies.path(new).read_bytes() == CONTENT


def test_opened_by_another_process_it_goes_on_behind_what_is_named(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path, durable=False)
    bodies.open(named=[3, 7])
    assert bodies.new_id() == 8
