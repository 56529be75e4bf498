"""Many at once: revisions count up by one, and nobody is refused."""

import asyncio

from images_house import House, encoded, pattern


async def test_twenty_conversions_of_one_original(house: House) -> None:
    settings = {"versions": [{"version": "preview", "format": "png"}]}
    converter_id = await house.converter(settings)
    file_id = await house.file(encoded(pattern(16, 12)))
    original = await house.images.create({"file_id": file_id})

    made = await asyncio.gather(
        *(house.images.convert_image(original["id"], converter_id) for _ in range(20))
    )

    assert sorted(rows[1]["revision"] for rows in made) == list(range(1, 21))
    (gallery,) = await house.images.get_gallery(original["id"])
    assert gallery["versions"]["preview"]["revision"] == 20
    assert await house.counts() == (21, 21, 21)


async def test_an_original_goes_while_it_is_converted(house: House) -> None:
    converter_id = await house.converter()
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(64, 48))), converter_id
    )
    outcomes = await asyncio.gather(
        *(house.images.convert_image(rows[0]["id"], converter_id) for _ in range(4)),
        house.images.delete(rows[0]["id"]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[-1], dict)
    # Whoever came too late left nothing.
    assert await house.counts() == (0, 0, 0)
