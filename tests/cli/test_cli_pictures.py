"""`probe` and `thumbnail`: what they show and make of the objects of a bucket."""

import io
from pathlib import Path
from typing import Any

import pytest
from cli_running import run
from PIL import Image

from storage_stream.cli.main import COMMANDS
from storage_stream.testing import EmulatorHandle

GET = "storage.objects.get"
ORIENTATION = 0x0112


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def picture(kind: str = "JPEG", size: tuple[int, int] = (600, 400), **save: Any) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, kind, **save)
    return file.getvalue()


def turned(orientation: int = 6) -> bytes:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return picture(exif=tags.tobytes())


@pytest.fixture
def bucket(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "photos/a.jpg", turned())
    gcs.put("bucket", "photos/2026/b.png", picture("PNG"))
    gcs.put("bucket", "photos/notes.txt", b"no picture")
    gcs.put("bucket", "photos/empty/", b"")
    gcs.log.clear()
    return gcs


def opened(path: str | Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


# -- probe -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("bucket")
def test_probe_tells_the_size_that_is_seen() -> None:
    ran = run("probe", "gs://bucket/photos/a.jpg")
    assert ran.status == 0
    assert (
        ran.stdout == "JPEG          400 x 600  RGB    gs://bucket/photos/a.jpg  (orientation 6)\n"
    )


def test_probe_as_json(bucket: EmulatorHandle) -> None:
    (document,) = run("probe", "--json", "gs://bucket/photos/a.jpg").events
    assert document["url"] == "gs://bucket/photos/a.jpg"
    assert (document["width"], document["height"]) == (600, 400)
    assert document["oriented_size"] == [400, 600]
    assert document["mime"] == "image/jpeg"
    (entry,) = bucket.log.select(operation=GET)
    assert (document["requests"], document["bytes_read"]) == (1, entry.bytes_out)


@pytest.mark.usefixtures("bucket")
def test_probe_of_what_is_no_picture() -> None:
    ran = run("probe", "gs://bucket/photos/notes.txt", "gs://bucket/photos/a.jpg")
    assert ran.status == 1
    assert "gs://bucket/photos/notes.txt: no picture of a known format" in ran.stderr
    assert "a.jpg" in ran.stdout


@pytest.mark.usefixtures("bucket")
def test_probe_of_what_is_not_there() -> None:
    ran = run("probe", "gs://bucket/photos/z.jpg", "gs://bucket/*.gif")
    assert ran.status == 1
    assert ran.stderr.count("404") == 2


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("place", ["gs://bucket/photos", "gs://bucket/photos/", "gs://bucket"])
def test_probe_of_all_below(place: str) -> None:
    ran = run("probe", "-r", place)
    assert ran.status == 0
    names = [line.split()[5] for line in ran.stdout.splitlines()]
    assert names == ["gs://bucket/photos/2026/b.png", "gs://bucket/photos/a.jpg"]
    assert ran.stderr == "1 object is no picture.\n"


@pytest.mark.usefixtures("bucket")
def test_probe_of_a_wildcard_is_about_pictures() -> None:
    ran = run("probe", "gs://bucket/photos/*", "--concurrency", "1")
    assert ran.status == 1
    assert "notes.txt" in ran.stderr


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("words", [["gs://bucket"], ["-r", "gs://bucket/*.jpg"], ["a.jpg"]])
def test_probe_called_wrongly(words: list[str]) -> None:
    assert run("probe", *words).status == 2


def test_probe_shows_what_is_unusual(gcs: EmulatorHandle) -> None:
    frames = [Image.new("RGB", (5, 5), (n, n, n)) for n in (1, 99)]
    gcs.put("bucket", "a.png", picture("PNG", save_all=True, append_images=frames))
    gcs.put("bucket", "b.jpg", picture(progressive=True))
    ran = run("probe", "gs://bucket/a.png", "gs://bucket/b.jpg")
    assert "(3 frames)" in ran.stdout
    assert "(progressive)" in ran.stdout


# -- thumbnail -------------------------------------------------------------------------------


@pytest.mark.usefixtures("bucket")
def test_a_thumbnail_is_upright() -> None:
    ran = run("thumbnail", "gs://bucket/photos/a.jpg", "small.jpg")
    assert ran.status == 0
    image = opened("small.jpg")
    assert (image.format, image.size) == ("JPEG", (200, 300))
    assert image.getexif().get(ORIENTATION, 1) == 1
    assert ran.stdout.startswith("gs://bucket/photos/a.jpg -> small.jpg  ")


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        (["-s", "60"], "small.png", ("PNG", (40, 60))),
        (["-s", "60x30"], "small.jpg", ("JPEG", (20, 30))),
        (["--format", "webp[Q=50]"], "small", ("WEBP", (200, 300))),
        (["--format", ".png"], "odd.jpg", ("PNG", (200, 300))),
    ],
)
def test_size_and_format(
    words: list[str], name: str, expected: tuple[str, tuple[int, int]]
) -> None:
    assert run("thumbnail", *words, "gs://bucket/photos/a.jpg", name).status == 0
    image = opened(name)
    assert (image.format, image.size) == expected


@pytest.mark.usefixtures("bucket")
def test_all_below_go_into_a_folder() -> None:
    ran = run("thumbnail", "-r", "-s", "30", "gs://bucket/photos", "out")
    assert ran.status == 0
    made = sorted(path.as_posix() for path in Path("out").rglob("*") if path.is_file())
    assert made == ["out/2026/b.png.jpg", "out/a.jpg"]
    assert opened("out/2026/b.png.jpg").size == (30, 20)
    assert "1 object is no picture." in ran.stderr


@pytest.mark.usefixtures("bucket")
def test_a_folder_that_is_there() -> None:
    Path("out").mkdir()
    run("thumbnail", "gs://bucket/photos/a.jpg", "out")
    run("thumbnail", "gs://bucket/photos/2026/*.png", "new/")
    assert Path("out/a.jpg").exists()
    assert Path("new/b.png.jpg").exists()


def test_to_objects(bucket: EmulatorHandle) -> None:
    bucket.create_bucket("other")
    ran = run("thumbnail", "-r", "--json", "gs://bucket/photos", "gs://other/small")
    assert {event["target"] for event in ran.events if "target" in event} == {
        "gs://other/small/a.jpg",
        "gs://other/small/2026/b.png.jpg",
    }
    assert bucket.metadata("other", "small/a.jpg")["contentType"] == "image/jpeg"
    assert opened(io.BytesIO(bucket.read("other", "small/a.jpg"))).size == (200, 300)  # type: ignore[arg-type] # a file


def test_small_pictures_below_their_sources_are_not_made_smaller(bucket: EmulatorHandle) -> None:
    for _ in range(2):
        assert run("thumbnail", "-r", "gs://bucket/photos", "gs://bucket/photos/small/").status == 0
    assert not bucket.objects("bucket", prefix="photos/small/small")


def test_no_picture_takes_its_own_place(bucket: EmulatorHandle) -> None:
    before = bucket.read("bucket", "photos/a.jpg")
    ran = run("thumbnail", "-r", "gs://bucket/photos", "gs://bucket/photos")
    assert ran.status == 1
    assert "take its place" in ran.stderr
    assert bucket.read("bucket", "photos/a.jpg") == before


def test_two_never_become_one(bucket: EmulatorHandle) -> None:
    bucket.put("bucket", "photos/2026/a.jpg", picture())
    ran = run("thumbnail", "gs://bucket/photos/a.jpg", "gs://bucket/photos/2026/a.jpg", "out/")
    assert ran.status == 1
    assert "as that of gs://bucket/photos/a.jpg" in ran.stderr
    assert opened("out/a.jpg").size == (200, 300)


@pytest.mark.parametrize("name", ["x/../../a.jpg", "x//a.jpg", "x/..\\a.jpg"])
def test_no_name_leads_out_of_the_folder(gcs: EmulatorHandle, tmp_path: Path, name: str) -> None:
    gcs.put("bucket", name, picture())
    ran = run("thumbnail", "-r", "gs://bucket/x", "deep/out")
    assert ran.status == 1
    assert "cannot be a file in a folder" in ran.stderr
    assert not list(tmp_path.rglob("*.jpg"))


def test_a_failure_leaves_the_old_file(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a.jpg", b"no picture")
    gcs.put("bucket", "b.jpg", picture()[:900])
    Path("small.jpg").write_text("old")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        assert run("thumbnail", f"gs://bucket/{name}", "small.jpg").status == 1
    assert Path("small.jpg").read_text() == "old"
    assert [path.name for path in Path().iterdir() if path.suffix == ".part"] == []


def test_what_takes_too_much_memory(bucket: EmulatorHandle) -> None:
    bucket.put("bucket", "big.jpg", picture(size=(2000, 1000), progressive=True))
    ran = run("thumbnail", "--max-memory-pixels", "1000000", "gs://bucket/big.jpg", "small.jpg")
    assert ran.status == 1
    assert "2000 x 1000 pixels are more than the 1000000 allowed in memory" in ran.stderr


def test_what_has_too_many_pixels(bucket: EmulatorHandle) -> None:
    bucket.put("bucket", "big.jpg", picture(size=(2000, 1000)))
    ran = run("thumbnail", "--max-pixels", "1999999", "gs://bucket/big.jpg", "small.jpg")
    assert ran.status == 1
    assert "2000 x 1000 pixels are more than the 1999999 allowed" in ran.stderr
    assert run("thumbnail", "--max-pixels", "2000000", "gs://bucket/big.jpg", "s.jpg").status == 0


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    "words",
    [
        ["gs://bucket/photos/a.jpg"],
        ["a.jpg", "small.jpg"],
        ["-r", "gs://bucket/photos", "-"],
        ["-s", "0", "gs://bucket/photos/a.jpg", "small.jpg"],
        ["-s", "big", "gs://bucket/photos/a.jpg", "small.jpg"],
        ["--format", "j p g", "gs://bucket/photos/a.jpg", "small.jpg"],
        ["gs://bucket/photos/a.jpg", "gs://bucket/*.jpg"],
        ["gs://bucket", "small.jpg"],
    ],
    ids=" ".join,
)
def test_thumbnail_called_wrongly(words: list[str]) -> None:
    assert run("thumbnail", *words).status == 2


@pytest.mark.usefixtures("bucket")
def test_a_format_that_says_too_much_is_told(tmp_path: Path) -> None:
    for target, words in (
        ("small.jpg[Q=10]", []),
        ("small.jpg[profile=x]", []),
        ("small.jpg", ["--format", "jpg[profile=/etc/passwd]"]),
        ("small.jpg", ["--format", "jpg[nonsense=1]"]),
    ):
        ran = run("thumbnail", *words, "gs://bucket/photos/a.jpg", target)
        assert ran.status == 1
        assert "should not happen" not in ran.stderr
    assert list(tmp_path.glob("small*")) == []
    ran = run("thumbnail", "--format", "jpg", "gs://bucket/photos/a.jpg", "small.jpg[1]")
    assert ran.status == 0
    assert opened("small.jpg[1]").format == "JPEG"


def test_a_drawing_is_for_those_who_trust_it(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    assert run("thumbnail", "gs://bucket/a.svg", "small.png").status == 1
    assert run("thumbnail", "--untrusted", "gs://bucket/a.svg", "small.png").status == 0


def test_both_are_commands() -> None:
    assert {"probe", "thumbnail"} <= COMMANDS.keys()
