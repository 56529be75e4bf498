"""`storage-stream doctor`: what is wrong, and what to do about it."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from storage_stream import __version__
from storage_stream.cli.address_check import UnreachableError, check_address
from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.explaining import explain
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.output import iso_time
from storage_stream.cli.running import Run
from storage_stream.cli.wording import plain_words
from storage_stream.errors import StorageError

_GOOGLE = "https://storage.googleapis.com"
_MOST_SKEW_SECONDS = 60.0  # signed URLs and tokens are refused some minutes later
_TOKEN_SECONDS = 20.0
_PERMISSIONS = tuple(f"storage.objects.{verb}" for verb in ("list", "get", "create", "delete"))


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a check found: `ok`, `warning` or `failed`, and what to do."""

    check: str
    state: str
    text: str
    advice: str = ""


@storage_command(
    "doctor", examples=["storage-stream doctor", "storage-stream doctor gs://my-bucket"]
)
@click.argument("bucket", required=False, type=OBJECT, metavar="[gs://BUCKET]")
async def command(run: Run, bucket: ObjectLocation | None) -> None:
    """Check credentials, address, clock and connection, and say what to do.

    With a bucket, also what may be done with its objects. Nothing is changed; no token is shown.
    """
    failed = 0
    async for finding in _findings(run, bucket):
        failed += finding.state == "failed"
        sign = {"ok": "✓", "warning": "!", "failed": "✗"}[finding.state]
        advice = f"\n  → {finding.advice}" if finding.advice else ""
        document = {
            "check": finding.check,
            "state": finding.state,
            "found": finding.text,
            "advice": finding.advice or None,
        }
        run.output.result(document, f"{sign} {finding.check}: {finding.text}{advice}")
        run.output.flush()
    run.failures += failed
    if not failed:
        run.output.say("All is well.")


async def _findings(run: Run, bucket: ObjectLocation | None) -> AsyncGenerator[_Finding, None]:
    config = run.config
    there = config.file if config.file_exists else "none"
    yield _Finding("version", "ok", f"storage-stream {__version__}, configuration file: {there}")
    address = config.address
    root = address.value or _GOOGLE
    kind = "an emulator" if config.uses_emulator else "the service"
    yield _Finding("address", "ok", f"{root}, {kind} ({address.origin})")
    reachable = True
    if config["proxy"]:
        shown = config.values["proxy"].shown
        yield _Finding("connection", "warning", f"not checked: it goes through the proxy {shown}")
    else:
        async for finding in _of_connection(root):
            reachable = reachable and finding.state != "failed"
            yield finding
    yield _credentials(run)
    if config["anonymous"] or config.uses_emulator:
        token = True
    else:
        found = await _token(run)
        token = found.state == "ok"
        yield found
    if reachable and token:
        async for finding in _round_trip(run, bucket):
            yield finding


async def _of_connection(root: str) -> AsyncGenerator[_Finding, None]:
    try:
        found = await check_address(root)
    except UnreachableError as error:
        yield _Finding(
            "connection", "failed", str(error), "--endpoint or --emulator-host names it."
        )
        return
    yield _Finding("connection", "ok", f"it answers in {found.seconds * 1000:.0f} ms")
    if found.tls is None:
        yield _Finding("TLS", "ok" if "://127." in root else "warning", "none: plain http")
    else:
        until = iso_time(found.expires)
        yield _Finding("TLS", "ok", f"{found.tls}, the certificate is good until {until}")
    if found.skew_seconds is None:
        yield _Finding("clock", "warning", "the server tells no time")
    elif abs(found.skew_seconds) > _MOST_SKEW_SECONDS:
        way = "ahead of" if found.skew_seconds > 0 else "behind"
        text = f"{abs(found.skew_seconds):.0f} s {way} the server's"
        yield _Finding("clock", "failed", text, "Set the clock (NTP): tokens will be refused.")
    else:
        yield _Finding("clock", "ok", "within a minute of the server's")


def _credentials(run: Run) -> _Finding:
    config = run.config
    if config["anonymous"]:
        return _Finding("credentials", "ok", f"none ({config.values['anonymous'].origin})")
    if config.uses_emulator and "service_file" not in config.storage_arguments():
        return _Finding("credentials", "ok", "none: an emulator needs none")
    value = config.values["credentials"]
    if value.value is not None:
        return _of_key_file(Path(value.value).expanduser(), value.origin)
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    usual = Path(folder) / "application_default_credentials.json"
    if usual.exists():
        return _of_key_file(usual, "gcloud auth application-default login")
    return _Finding("credentials", "ok", "no file: the machine's own account is asked for")


def _of_key_file(path: Path, origin: str) -> _Finding:
    advice = "--credentials, or GOOGLE_APPLICATION_CREDENTIALS, names a key file in JSON."
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        kind, account = said["type"], said.get("client_email", "")
    except OSError as error:
        return _Finding("credentials", "failed", f"{explain(error)} ({origin})", advice)
    except (ValueError, LookupError, TypeError, AttributeError):
        return _Finding("credentials", "failed", f"{path} is no key file ({origin})", advice)
    return _Finding("credentials", "ok", f"{kind} {account}".strip() + f" of {path} ({origin})")


async def _token(run: Run) -> _Finding:
    advice = (
        "`gcloud auth application-default login` makes credentials; --credentials names a key "
        "file; --anonymous needs none, for public objects."
    )
    try:
        async with asyncio.timeout(_TOKEN_SECONDS):
            await run.storage.token.get()
    except TimeoutError:
        return _Finding("token", "failed", f"none within {_TOKEN_SECONDS:.0f} s", advice)
    except StorageError as error:
        return _Finding("token", "failed", plain_words(str(error)), advice)
    except Exception as error:  # noqa: BLE001 - whatever a token source raises; it may hold secrets
        text = f"none could be had ({type(error).__name__})"
        return _Finding("token", "failed", text, advice)
    return _Finding("token", "ok", "the credentials gave one")


async def _round_trip(run: Run, bucket: ObjectLocation | None) -> AsyncGenerator[_Finding, None]:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    project = run.config["project"] or ("emulator" if run.config.uses_emulator else None)
    try:
        if bucket is not None:
            await run.storage.list_objects(bucket.bucket, params={"maxResults": 1}, **run.options)
            what = f"a list of gs://{bucket.bucket}"
        elif project is not None:
            found = run.storage.iter_buckets(project, page_size=1, **run.options)
            async with aclosing(found) as buckets:
                await anext(buckets, None)
            what = f"a list of the buckets of {project}"
        else:
            text = "not made: name a bucket, or a --project"
            yield _Finding("round trip", "warning", text)
            return
    except StorageError as error:
        yield _Finding("round trip", "failed", explain(error))
        return
    milliseconds = (loop.time() - begun) * 1000
    yield _Finding("round trip", "ok", f"{what} in {milliseconds:.0f} ms")
    if bucket is not None and not run.config["anonymous"]:
        yield await _permissions(run, bucket.bucket)


async def _permissions(run: Run, bucket: str) -> _Finding:
    try:
        answer = await run.storage.test_iam_permissions(bucket, list(_PERMISSIONS), **run.options)
    except StorageError as error:
        return _Finding("permissions", "warning", explain(error))
    granted = [name.rpartition(".")[2] for name in _PERMISSIONS if name in answer]
    missing = [name for name in _PERMISSIONS if name not in answer]
    text = f"objects: {', '.join(granted) or 'nothing'}"
    if not missing:
        return _Finding("permissions", "ok", text)
    return _Finding("permissions", "warning", text, f"A role with {', '.join(missing)} is needed.")
