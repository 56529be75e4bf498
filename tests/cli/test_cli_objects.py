"""The commands that look at objects, change and delete them, in this process."""

import base64
import hashlib
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from storage_stream.cli.main import storage_stream
from storage_stream.testing import EmulatorHandle

ODD = ("-dash", "a*b", "back\\slash", "ta\tb", "ünï\u2028", "[x]")
"""Names that shells, terminals and patterns take for something else."""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def run(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(storage_stream, list(words))
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.stderr
    return result


def lines(*words: str) -> list[str]:
    return run(*words).stdout.splitlines()


def documents(*words: str, status: int = 0) -> list[Any]:
    return [json.loads(line) for line in run(*words, "--json", status=status).stdout.splitlines()]


def filled(gcs: EmulatorHandle, names: Sequence[str]) -> None:
    for name in names:
        gcs.put("bucket", name, name.encode() * 3)


TREE = ("a.txt", "b/c.txt", "b/d/e.txt", "b/f", "bb", "z/")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gs://bucket"], ["b/", "z/", "a.txt", "bb"]),
        (["gs://bucket/b"], ["b/d/", "b/c.txt", "b/f"]),
        (["gs://bucket/b/"], ["b/d/", "b/c.txt", "b/f"]),
        (["gs://bucket/bb"], ["bb"]),
        (["-r", "gs://bucket/b"], ["b/c.txt", "b/d/e.txt", "b/f"]),
        (["-r", "gs://bucket"], list(TREE)),
        (["gs://bucket/*.txt"], ["a.txt"]),
        (["gs://bucket/b*"], ["b/", "bb"]),
        (["gs://bucket/**.txt"], ["a.txt", "b/c.txt", "b/d/e.txt"]),
        (["gs://bucket/*/*.txt"], ["b/c.txt"]),
        (["gs://bucket/[ab]?*"], ["a.txt", "bb"]),
        (["gs://buck*/bb"], ["bb"]),
    ],
    ids=" ".join,
)
def test_ls(gcs: EmulatorHandle, words: list[str], expected: list[str]) -> None:
    filled(gcs, TREE)
    assert lines("ls", *words) == [f"gs://bucket/{name}" for name in expected]


def test_a_wildcard_of_one_folder_lists_that_folder_only(gcs: EmulatorHandle) -> None:
    filled(gcs, TREE)
    gcs.log.clear()
    run("stat", "gs://bucket/*.txt")
    (entry,) = gcs.log.select(operation="storage.objects.list")
    assert "delimiter=%2F" in entry.query or "delimiter=/" in entry.query


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_shown_found_and_exact(gcs: EmulatorHandle, name: str) -> None:
    filled(gcs, [name])
    written = "".join(f"[{letter}]" if letter in "*[" else letter for letter in name)
    place = f"gs://bucket/{written}"
    (document,) = documents("ls", place)
    assert document["name"] == name
    assert run("ls", "--null", place).stdout == f"gs://bucket/{name}\0"
    assert run("ls", place).stdout.rstrip("\n").isprintable()
    assert run("cat", place).stdout_bytes == name.encode() * 3
    run("rm", place)
    assert gcs.objects("bucket") == []


def test_versions_are_listed_read_and_deleted_by_number(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    first = gcs.put("bucket", "a", b"1")["generation"]
    second = gcs.put("bucket", "a", b"2")["generation"]
    numbered = [f"gs://bucket/a#{first}", f"gs://bucket/a#{second}"]
    assert lines("ls", "-a", "gs://bucket/a") == numbered
    assert run("cat", *numbered).stdout == "12"
    assert documents("stat", numbered[0])[0]["generation"] == first
    run("rm", numbered[0])
    assert lines("ls", "-a", "gs://bucket") == numbered[1:]
    told = run("rm", numbered[0], "gs://bucket/a#1", status=1).stderr
    assert told.count("404") == 2
    assert lines("rm", "-n", "-a", "gs://bucket/a") == numbered[1:]
    gcs.put("bucket", "b", b"3")
    run("rm", "-a", "gs://bucket/a", "gs://bucket/b")
    assert lines("ls", "-a", "gs://bucket") == []


def test_long_lists_have_sizes_times_and_a_sum(gcs: EmulatorHandle) -> None:
    made = gcs.put("bucket", "a", bytes(11_010))
    result = run("ls", "-l", "gs://bucket")
    at = made["updated"][:19] + "Z"
    assert result.stdout == f"    10.8 KiB  {at}  gs://bucket/a\n"
    assert result.stderr == "1 entry, 10.8 KiB\n"
    assert lines("ls", "-lb", "gs://bucket")[0].split()[0] == "11010"


def test_what_is_deleted_softly_is_listed_and_restored(gcs: EmulatorHandle) -> None:
    week = {"retentionDurationSeconds": str(7 * 86400)}
    gcs.create_bucket("bucket", softDeletePolicy=week)
    for text in (b"old", b"new"):
        gcs.put("bucket", "a", text)
        run("rm", "gs://bucket/a")
    old, _ = (
        document["generation"] for document in documents("ls", "--soft-deleted", "gs://bucket")
    )
    assert "until" in run("ls", "-l", "--soft-deleted", "gs://bucket").stdout
    run("restore", "gs://bucket/a")
    assert gcs.read("bucket", "a") == b"new"
    run("restore", f"gs://bucket/a#{old}", status=1)  # there is one already
    run("restore", "--replace", f"gs://bucket/a#{old}")
    assert gcs.read("bucket", "a") == b"old"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["gs://bucket/a.txt", "gs://bucket/bb"], ["b/c.txt", "b/d/e.txt", "b/f", "z/"]),
        (["-r", "gs://bucket/b"], ["a.txt", "bb", "z/"]),
        (["-r", "gs://bucket/b/"], ["a.txt", "bb", "z/"]),
        (["gs://bucket/**.txt"], ["b/f", "bb", "z/"]),
        (["gs://bucket/b*"], ["a.txt", "b/c.txt", "b/d/e.txt", "b/f", "z/"]),
        (["-r", "gs://bucket/b*"], ["a.txt", "z/"]),
        (["-r", "gs://bucket"], []),
        (["-n", "-r", "gs://bucket"], list(TREE)),
        (["-f", "gs://bucket/none", "gs://bucket/none*"], list(TREE)),
    ],
    ids=" ".join,
)
def test_rm(gcs: EmulatorHandle, words: list[str], left: list[str]) -> None:
    filled(gcs, TREE)
    run("rm", *words)
    assert [each["name"] for each in gcs.objects("bucket")] == left


def test_rm_tells_what_it_deleted_and_what_it_could_not(gcs: EmulatorHandle) -> None:
    filled(gcs, ["a"])
    told = documents("rm", "gs://bucket/a", "gs://bucket/b", "gs://bucket/c*", status=1)
    assert [(each.get("url"), each.get("subject")) for each in told if "deleted" in each] == [
        ("gs://bucket/a", None)
    ]
    failed = {each["subject"] for each in told if each.get("event") == "error"}
    assert failed >= {"gs://bucket/b"}
    run("rm", "gs://bucket", status=2)


def test_head(gcs: EmulatorHandle) -> None:
    text = "".join(f"line {number}\n" for number in range(300_000))
    gcs.put("bucket", "a", text.encode())
    gcs.put("bucket", "b", b"no end")
    assert run("head", "gs://bucket/a").stdout == text[:70]
    assert run("head", "-n", "250000", "gs://bucket/a").stdout.count("\n") == 250_000
    assert run("head", "-c", "1kB", "gs://bucket/a").stdout == text[:1000]
    assert run("head", "-n", "0", "gs://bucket/a").stdout == ""
    assert run("head", "-n", "1", "gs://bucket/a", "gs://bucket/b").stdout == (
        "==> gs://bucket/a <==\nline 0\n\n==> gs://bucket/b <==\nno end"
    )


def test_du(gcs: EmulatorHandle) -> None:
    filled(gcs, TREE)
    sums = {each["url"]: each["objects"] for each in documents("du", "-d", "2", "gs://bucket")}
    assert sums == {
        "gs://bucket/": 6,
        "gs://bucket/b/": 3,
        "gs://bucket/b/d/": 1,
        "gs://bucket/z/": 1,
    }
    (whole,) = documents("du", "gs://bucket/b")
    assert whole == {"url": "gs://bucket/b", "bytes": 57, "objects": 3}
    assert lines("du", "gs://bucket/**.txt")[0].split() == ["63", "B", "3", "gs://bucket/**.txt"]


def test_hash_says_of_a_file_what_the_service_says_of_the_object(gcs: EmulatorHandle) -> None:
    data = bytes(range(256)) * 9000
    gcs.put("bucket", "a", data)
    Path("a").write_bytes(data)
    there, here = documents("hash", "gs://bucket/a", "a")
    assert {**there, "name": "a"} == here
    assert here["md5"] == base64.b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324 - theirs
    assert lines("hash", "--hex", "--md5", "a") == [f"{hashlib.md5(data).hexdigest()}  a"]  # noqa: S324
    piped = CliRunner().invoke(storage_stream, ["hash", "--crc32c", "-"], input=data)
    assert piped.stdout == f"{here['crc32c']}  -\n"


def test_buckets_are_made_listed_and_removed(gcs: EmulatorHandle) -> None:
    del gcs
    run("mb", "--location", "eu", "--versioning", "--soft-delete", "604800", "gs://one", "gs://two")
    (one,) = documents("stat", "gs://one")
    assert (one["location"], one["versioning"]) == ("EU", {"enabled": True})
    assert lines("lb") == ["gs://one/", "gs://two/"] == lines("ls")
    assert "EU" in lines("lb", "-l", "gs://on")[0]
    assert "exists already" in run("mb", "gs://one", status=1).stderr
    run("rb", "gs://one")
    assert lines("lb") == ["gs://two/"]
    run("mb", "gs://one/a", status=2)


def test_a_project_has_to_be_named_to_a_service(gcs: EmulatorHandle) -> None:
    told = run("lb", "--endpoint", gcs.url, "--anonymous", status=2).stderr
    assert "--project" in told


def test_whoever_has_a_signed_url_can_read(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a b", b"text")
    (url,) = lines("sign", "-d", "30m", "gs://bucket/a b")
    with urlopen(url) as answer:  # noqa: S310 - http
        assert answer.read() == b"text"
    run("sign", "-d", "8d", "gs://bucket/a", status=2)


def test_compose(gcs: EmulatorHandle) -> None:
    filled(gcs, ["x1", "x2", "y"])
    run("compose", "gs://bucket/y", "gs://bucket/x*", "gs://bucket/all")
    assert gcs.read("bucket", "all") == b"yyyx1x1x1x2x2x2"
    run("compose", "--no-clobber", "gs://bucket/y", "gs://bucket/all", status=1)
    run("compose", "gs://other/y", "gs://bucket/all", status=2)


def test_config_shows_where_each_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my.toml").write_text("connections = 7\n")
    monkeypatch.setenv("STORAGE_STREAM_PROJECT", "from-environment")
    words = ["config", "show", "--config", "my.toml", "--proxy", "http://me:secret@proxy"]
    shown = {each["name"]: (each["value"], each["origin"]) for each in documents(*words)}
    assert shown["connections"] == (7, "my.toml")
    assert shown["project"] == ("from-environment", "STORAGE_STREAM_PROJECT")
    assert shown["proxy"] == ("http://***@proxy", "--proxy")
    assert shown["workers"] == (8, "default")
    printed = run(*words)
    assert "secret" not in printed.output
    assert ["connections", "7", "my.toml"] in [line.split() for line in printed.stdout.splitlines()]
    Path("my.toml").write_text("conections = 7\n")
    assert "is 'connections' meant" in run(*words, status=2).stderr


def test_the_doctor_finds_nothing(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    found = documents("doctor", "gs://bucket")
    assert [each["check"] for each in found] == [
        *("version", "address", "connection", "TLS", "clock", "credentials"),
        *("round trip", "permissions"),
    ]
    assert {each["state"] for each in found} == {"ok"}


def test_the_doctor_names_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    Path("key.json").write_text('{"private_key": "a secret"')
    with socket.socket() as taken:  # nobody listens there, and nobody else can
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        words = ["doctor", "--endpoint", address, "--credentials", "key.json"]
        found = {each["check"]: each for each in documents(*words, status=1)}
    assert "cannot be reached" in found["connection"]["found"]
    assert "is no key file (--credentials)" in found["credentials"]["found"]
    assert found["token"]["state"] == "failed"
    assert "gcloud auth application-default login" in found["token"]["advice"]
    assert "a secret" not in json.dumps(found)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    assert "_STORAGE_STREAM_COMPLETE" in run("completion", shell).stdout


def test_stat_shows_what_is_in_a_field_line_by_line(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", b"1", metadata={"owner": "me\x1b[31m", "size": "x"})
    shown = [line.split() for line in lines("stat", "gs://bucket/a")]
    at = shown.index(["metadata:"])
    assert shown[at + 1 : at + 3] == [["owner:", "me\\x1b[31m"], ["size:", "x"]]
    of_bucket = run("stat", "gs://bucket").stdout
    assert "{" not in of_bucket
    assert "  softDeletePolicy:\n    retentionDurationSeconds:" in of_bucket
