"""A form by which a browser uploads straight into a bucket, without credentials and not through us.

A service account signs what the form may do: one name, images only, at most 5 MB, for ten minutes.
Everything else the service refuses. Here a key is made up and the emulator told to trust it; with
a real account give `Storage(service_file=...)`. What the browser would send is sent by aiohttp.
"""

import asyncio
import html
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from _place import place
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from storage_stream import SigningAddress, Storage

ACCOUNT = "form-signer@examples-project.iam.gserviceaccount.com"
IMAGE = bytes.fromhex("89504e470d0a1a0a") + b"a picture, as far as the service is concerned"


def page(form: Any) -> str:
    """The form as HTML: signed fields first, the file last."""
    fields = "\n".join(
        f'  <input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in form["fields"].items()
    )
    return (
        f'<form action="{html.escape(form["url"])}" method="post"'
        f' enctype="multipart/form-data">\n{fields}\n'
        '  <input type="file" name="file" accept="image/png"> <button>Upload</button>\n</form>\n'
    )


async def send(form: Any, content: bytes, **changed: str) -> int:
    """Send the form as a browser does; the status that comes back."""
    data = aiohttp.FormData()
    for name, value in {**form["fields"], **changed}.items():
        data.add_field(name, value)
    data.add_field("file", io.BytesIO(content), filename="picture.png", content_type="image/png")
    async with aiohttp.ClientSession() as session, session.post(form["url"], data=data) as answer:
        return answer.status


def make_account(folder: Path) -> tuple[Path, str]:
    """A service account's file with a new key, and its public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    account = {
        "type": "service_account",
        "client_email": ACCOUNT,
        "private_key": private.decode(),
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account))
    return path, public.decode()


async def main() -> None:
    """Sign a form, use it, and try to use it for something else."""
    async with place() as (storage, bucket):
        with tempfile.TemporaryDirectory() as folder:
            account, public = make_account(Path(folder))
            root = os.environ["STORAGE_EMULATOR_HOST"]
            async with aiohttp.ClientSession() as session:
                body = {"email": ACCOUNT, "pem": public}
                async with session.post(f"{root}/_emulator/keys", json=body) as answer:
                    answer.raise_for_status()
            async with Storage(service_file=str(account)) as signer:
                form: Any = await signer.generate_signed_post_policy(
                    bucket,
                    "uploads/picture.png",
                    600,
                    fields={"Content-Type": "image/png"},
                    conditions=[["content-length-range", 1, 5_000_000]],
                    address=SigningAddress.of(root),
                )
        print(f"a form with {len(form['fields'])} signed fields, {len(page(form)):,} bytes of HTML")
        print(f"the browser uploads: {await send(form, IMAGE)}")
        print(f"the object: {await storage.download(bucket, 'uploads/picture.png') == IMAGE}")
        print(f"another name: {await send(form, IMAGE, key='uploads/other.png')}")
        print(f"too large: {await send(form, bytes(5_000_001))}")


if __name__ == "__main__":
    asyncio.run(main())
