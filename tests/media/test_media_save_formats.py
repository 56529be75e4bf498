"""What the text of a format may say: it may come from who asks for the picture."""

import pytest
from vips_samples import sample

from storage_stream.media import Source, Target, UnsupportedFormat, transform
from storage_stream.media.connections.save_formats import check_format

FILE = "/etc/passwd"


@pytest.mark.parametrize(
    "options",
    [
        f"[profile={FILE}]",
        f'["profile"={FILE}]',
        f"[ profile = {FILE} ]",
        f"[Q=80,profile={FILE}]",
        "[profile=srgb]",
        f"[in={FILE}]",
        f"[{FILE}]",
        "[target=x]",
        "[Q=80",
        "[Q=80]]",
    ],
)
async def test_an_option_that_may_name_a_file_is_refused(options: str) -> None:
    source = Source.new_from_memory(sample("jpeg"))
    target = Target.new_to_memory()
    async with source:
        with pytest.raises(UnsupportedFormat):
            await source.thumbnail(100, format=f".jpg{options}")
        with pytest.raises(UnsupportedFormat):
            await transform(source, target, lambda image: image, format=f".jpg{options}")


@pytest.mark.parametrize(
    "options",
    [
        "",
        "[]",
        "[Q=80]",
        "[Q=80, interlace]",
        "[Q=80,interlace=true,subsample-mode=off]",
        "[background=255 128.5 -0]",
        "[ keep = icc ]",
    ],
)
def test_numbers_and_words_are_options(options: str) -> None:
    assert check_format(f".jpg{options}") == ".jpg"


async def test_a_keyword_is_the_programs_own() -> None:
    async with Source.new_from_memory(sample("jpeg")) as source:
        plain = await source.thumbnail(100)
        assert len(await source.thumbnail(100, profile="srgb")) > len(plain)
