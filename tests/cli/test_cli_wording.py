"""The library's messages as the command line says them."""

from pathlib import Path

import pytest
from cli_running import run

from storage_stream.cli.wording import plain_words
from storage_stream.testing.emulator_handle import EmulatorHandle

NOWHERE = ("--emulator-host", "http://127.0.0.1:9", "--retries", "0")  # the discard service


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        (
            "[Errno 111] Connect call failed ('127.0.0.1', 9)",
            "127.0.0.1:9 cannot be reached: Connection refused",
        ),
        (
            "[Errno 111] Connect call failed ('::1', 9, 0, 0)",
            "[::1]:9 cannot be reached: Connection refused",
        ),
        ("[Errno -2] Name or service not known", "Name or service not known"),
        (
            "no token could be had: OSError: Cannot connect to host a.b:443 ssl:default [Unknown]",
            "no token could be had: a.b:443 cannot be reached: Unknown",
        ),
        (
            "service_file='k.json' holds no credentials",
            "the key file 'k.json' holds no credentials",
        ),
        (
            "the end cannot be read decoded: pass raw=True",
            "the end cannot be read decoded: add --raw",
        ),
        ("gs://b/a: 404 Not Found", "gs://b/a: 404 Not Found"),
    ],
)
def test_in_plain_words(said: str, plain: str) -> None:
    assert plain_words(said) == plain


def test_a_service_that_is_down_is_named() -> None:
    ran = run("ls", *NOWHERE, "gs://bucket")
    assert (ran.status, ran.stdout) == (1, "")
    assert "127.0.0.1:9 cannot be reached: Connection refused. Check the network" in ran.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no such file"),
        ("no json", "holds no credentials: it is not a JSON object"),
        ('{"type": "service_account"}', "lack client_email, private_key"),
        ('{"type": "gdch_service_account"}', "make other credentials with `gcloud auth`"),
    ],
)
def test_credentials_that_cannot_be_used(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    key = tmp_path / "key.json"
    if content is not None:
        key.write_text(content)
    ran = run("ls", "--endpoint", "http://127.0.0.1:9", "--credentials", key, "gs://bucket")
    assert ran.status == 1
    assert f"the key file '{key}'" in ran.stderr
    assert sentence in ran.stderr
    for word in ("service_file", "token=", "Error:", "await"):
        assert word not in ran.stderr.removeprefix("Error:")


def test_a_sync_that_would_empty_its_target_names_the_flag(
    gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Path
) -> None:
    gcs.put(gcs_bucket, "a", b"1")
    ran = run("sync", "--delete", tmp_path, f"gs://{gcs_bucket}")
    assert ran.status != 0
    assert "--allow-empty-source" in ran.stderr
    assert "=True" not in ran.stderr


def test_what_is_waited_for_is_told(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    gcs.put(gcs_bucket, "a", b"1")
    gcs.arm_next("storage.objects.get", "return-503")
    ran = run("stat", f"gs://{gcs_bucket}/a")
    assert ran.status == 0
    assert ran.stderr.startswith("Trying again in ")
    assert "503" in ran.stderr
    gcs.arm_next("storage.objects.get", "return-503")
    retry, stat = run("stat", "--json", f"gs://{gcs_bucket}/a").events
    assert (retry["event"], retry["subject"]) == ("retry", f"gs://{gcs_bucket}/a")
    assert retry["seconds"] >= 0
    assert "503" in retry["reason"]
    assert stat["name"] == "a"
    gcs.arm_next("storage.objects.get", "return-503")
    assert run("stat", "--quiet", f"gs://{gcs_bucket}/a").stderr == ""
